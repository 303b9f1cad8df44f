#pragma once

// The REST API: what every route's file shares, and the table of all routes. A route decodes strictly, finds
// out who asks, asks the workflow, and encodes; it holds no rule of the protocol.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/rng.h"
#include "cloud/bucket_reader.h"
#include "cloud/query_checker.h"
#include "cloud/tee_provider.h"
#include "codec/json.h"
#include "control/custody/custodian.h"
#include "control/custody/key_vault.h"
#include "control/login/issuer.h"
#include "control/store/store.h"
#include "control/workflow/change_subjects.h"
#include "control/workflow/fleet.h"
#include "net/client/outbound.h"
#include "net/server/http.h"
#include "net/server/router.h"
#include "sealing/blob_store.h"

namespace cloister::control {

// How much one caller and one environment may ask for. 0: no limit.
struct ApiLimits {
  std::int64_t requests_per_minute = 100;  // of one API key
  std::int64_t environments_per_day = 10;  // of one user
  std::int64_t datasets_per_day = 50;      // of one environment, registrations
  std::int64_t queries_per_day = 100;      // of one environment
  std::int64_t upload_bytes_per_day = std::int64_t{256} << 30;   // of one user: files and parts
  std::int64_t download_bytes_per_day = std::int64_t{64} << 30;  // of one user: files of results
};

// All outlive the server and are thread-safe.
struct Api {
  Store& store;
  Fleet& fleet;
  Custodian& custodian;
  const KeyVault& vault;
  cloud::TeeProvider& provider;
  cloud::QueryChecker& checker;
  sealing::BlobStore& blobs;
  const Clock& clock;
  Rng& rng;
  bool dev_login = false;
  cloud::BucketReader* buckets = nullptr;  // null: this server fetches from nowhere
  ApiLimits limits = {};
  Issuer* issuer = nullptr;  // null: nobody logs in by one
  // Where browsers find this server, "https://cleanroom.example". Empty: on this machine, by the name that they use.
  std::string public_origin = {};
  bool speaks_tls = false;
  net::Reach webhook_reach = net::Reach::kPublic;
};

// `api` must outlive the router.
net::Router MakeRouter(const Api& api);

// Makes the first user of a server that has none, an administrator, and answers his API key. Absent when there is one.
Result<std::optional<std::string>> MakeFirstUser(const Api& api, const std::string& email);

// Who asks.
struct Caller {
  UserRecord user;
  std::optional<ParticipantKeyRecord> key;  // absent until he brings one or first needs one
  std::string scopes;                       // what his API key is good for; a browser is good for all
  std::string counted_as;  // whose requests the limits count: an API key, or a user with all his browsers
  std::optional<SessionRecord> session = {};  // of a browser
  // Not of a browser that some link or bookmark sent: what it reads must change nothing (epochs.h).
  bool asked_by_own_page = true;
  std::string note = {};                      // of his request, where it may come again (idempotency.h)
};
// By `Authorization: Bearer KEY` or `X-API-Key: KEY`; without either by a browser's session cookie (browser.h), which
// is not looked at beside a key. kUnauthenticated otherwise; kPermissionDenied for a browser that was sent here
// by another site. `kLookedAt`: nobody used the session now, as with a stream that stays open.
Result<Caller> Authenticate(const Api& api, const net::Request& request,
                            SessionStore::Use use = SessionStore::Use::kNoted);

// A caller who belongs to an environment: he is a participant of its charter. Somebody who was invited comes in here
// (epochs.h). For everybody else there is no such environment: kNotFound, never a hint.
struct Member {
  Caller caller;
  ParticipantKeyRecord key;
  EnvironmentRecord record;
  std::shared_ptr<EnvironmentSession> session;
  Standing standing = Standing::kParticipant;
};
Result<Member> RequireMember(const Api& api, const net::Request& request, std::string_view environment_id);
Result<Member> RequireMember(const Api& api, Caller caller, const EnvironmentId& id);
// Likewise somebody whom a proposed charter names and the one in force does not: for what he has to read before he
// accepts it, and for accepting it.
Result<Member> RequireProposed(const Api& api, const net::Request& request, std::string_view environment_id);
Result<Member> RequireProposed(const Api& api, Caller caller, const EnvironmentId& id);
// kFailedPrecondition in an environment that has ended or failed: nothing is added to it.
Status RequireLiving(const Member& member);
// As the enclave reads it: in the charter.
std::string OrganisationOf(const agreement::Charter& charter, std::string_view thumbprint,
                           std::string_view otherwise = "");

struct DatasetAccess {
  Member member;
  DatasetRecord dataset;
};
Result<DatasetAccess> RequireDataset(const Api& api, const net::Request& request, std::string_view dataset_id);

struct QueryAccess {
  Member member;
  QueryLabel label;
  ledger::QueryRecord query;  // a copy of what the ledger says
};
Result<QueryAccess> RequireQuery(const Api& api, const net::Request& request, std::string_view query_id);

// The request's JSON object; {} for an absent body. Of which type a body is, the gate has looked at.
Result<codec::Json> ReadJsonBody(const net::Request& request);
// For routes that are told nothing: no body, or {}.
Status ReadNothing(const net::Request& request);
net::Response JsonResponse(int status, codec::JsonObject body);

inline constexpr std::uint64_t kPageMax = 1000;
struct Page {
  codec::JsonArray items;
  codec::Json next;  // the cursor of the next page; null on the last one
};
// What `?limit=&cursor=` ask for of items with `key` each, an id (ids sort by age) or a whole number. kInvalidArgument
// for a cursor that is not of this list.
Result<Page> TakePage(const net::Request& request, codec::JsonArray items, const char* key = "id");
// One page of a list, {name: [...], "next_cursor": text or null}.
Result<net::Response> AnswerList(const net::Request& request, const char* name, codec::JsonArray items,
                                 const char* key = "id");

// A limit of so many within 24 hours.
struct DailyLimit {
  std::int64_t limit = 0;  // 0: none
  std::string_view what;   // of which there are so many, "queries submitted in this environment"
  std::function<Result<std::optional<Instant>>(std::int64_t n)> nth_newest;  // when the n-th newest was made
};
// At the limit 429, with Retry-After for when the oldest that counts is a day old.
Result<std::optional<net::Response>> RefuseDaily(const Api& api, const DailyLimit& daily);

// A whole number of the query string; `absent` when it is not there.
Result<std::uint64_t> QueryNumber(const net::Request& request, const std::string& name, std::uint64_t absent);

// A label that people read: not empty unless allowed, bounded, UTF-8 without control characters.
Status CheckLabel(std::string_view name, std::string_view text, std::size_t bytes_max);
// Lower case; kInvalidArgument, which names the member, for what cannot be an e-mail address.
Result<std::string> ReadEmail(std::string_view text, std::string_view name = "email");

// A user with his key as a charter names him. Every participant may own data, ask and approve.
agreement::Participant MakeParticipant(const UserRecord& user, const ParticipantKeyRecord& key);

inline constexpr std::size_t kDescriptionBytesMax = 2000;

}  // namespace cloister::control
