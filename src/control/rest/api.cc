#include "control/rest/api.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "agreement/charter.h"
#include "agreement/fields.h"
#include "codec/ascii.h"
#include "codec/text.h"
#include "control/api_key.h"
#include "control/rest/browser.h"
#include "control/rest/epochs.h"
#include "control/rest/gate.h"
#include "control/rest/problem.h"
#include "control/rest/routes.h"
#include "control/workflow/change_subjects.h"
#include "crypto/digest.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::string_view kBearer = "bearer ";  // in any case (RFC 9110 section 11.1)

Error NoSuch(std::string_view what) { return NotFound("there is no such " + std::string(what)); }

// Absent: the request has none.
Result<std::optional<std::string>> ReadKey(const net::Request& request) {
  const std::string* authorization = request.Header("authorization");
  const std::string* api_key = request.Header("x-api-key");
  if (authorization != nullptr && api_key != nullptr) {
    return Error{Code::kUnauthenticated, "send one API key, not two: 'Authorization' or 'X-API-Key'"};
  }
  if (api_key != nullptr) return std::optional(*api_key);
  if (authorization == nullptr) return std::optional<std::string>();
  if (codec::LowerCase(authorization->substr(0, kBearer.size())) != kBearer) return NeedsKey();
  const std::size_t start = authorization->find_first_not_of(' ', kBearer.size());
  return std::optional(authorization->substr(std::min(start, authorization->size())));
}

Result<Caller> AuthenticateKey(const Api& api, const std::string& key) {
  CLOISTER_ASSIGN(const Digest256 hash, HashApiKey(key));
  CLOISTER_ASSIGN(auto owner, api.store.users.FindUserByApiKey(hash, api.clock.Now()));
  if (!owner) return Error{Code::kUnauthenticated, "the API key is not known here, or has expired"};
  return Caller{.user = std::move(owner->user),
                .key = std::nullopt,
                .scopes = std::move(owner->key.scopes),
                .counted_as = owner->key.id.str()};
}

// Where an item of a list stands: numbers by their size, and ids, which are of one length and kind, as texts.
using Place = std::pair<std::size_t, std::string>;
Place PlaceOf(const codec::Json& value) {
  std::string text = value.is_string() ? std::string(value.as_string()) : codec::WriteJson(value);
  return {text.size(), std::move(text)};
}

constexpr std::size_t kCursorMarkChars = 12;

// "qry_01ja...": behind it a mark of the list that it goes on in, so that what is made up, or of another list, is seen.
// A page gives nothing that the list does not: nobody gains by computing the mark himself.
std::string CursorOf(const net::Request& request, const std::string& place) {
  std::string text = "cursor\n";
  for (const std::string& segment : request.segments) text += segment + "\n";
  text += place;
  return place + "." + codec::HexEncode(crypto::Sha256(AsBytes(text))).substr(0, kCursorMarkChars);
}

// Behind which item the page begins; absent: at the first.
Result<std::optional<Place>> ReadCursor(const net::Request& request) {
  const auto given = request.query.find("cursor");
  if (given == request.query.end()) return std::optional<Place>();
  std::string place = given->second.substr(0, given->second.rfind('.'));
  if (CursorOf(request, place) != given->second) {
    return InvalidArgument("'cursor' must be the next_cursor of this list's page before");
  }
  return std::optional(Place(place.size(), place));
}

constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53

// 30.0 is a whole number, for JSON Schema, for canonical JSON and for whoever divided in his language. Documents, which
// are signed as they are written, know one spelling alone; bodies know both. How deep JSON goes, its parser bounds.
void WriteWholeNumbersAsSuch(codec::Json& json) {
  if (json.is_double()) {
    const double number = json.get_double();
    if (std::trunc(number) == number && std::abs(number) <= kExactIntegerMax) json = static_cast<std::int64_t>(number);
  } else if (json.is_array()) {
    for (codec::Json& each : json.get_array()) WriteWholeNumbersAsSuch(each);
  } else if (json.is_object()) {
    for (auto& member : json.get_object()) WriteWholeNumbersAsSuch(member.value());
  }
}

}  // namespace

net::Router MakeRouter(const Api& api) {
  net::Router router;
  AddHealthRoutes(router, api);
  AddUserRoutes(router, api);
  AddLoginRoutes(router, api);
  AddSessionRoutes(router, api);
  AddKeyRoutes(router, api);
  AddAdminRoutes(router, api);
  AddEnvironmentRoutes(router, api);
  AddCharterRoutes(router, api);
  AddAttestationRoutes(router, api);
  AddLedgerRoutes(router, api);
  AddDatasetRoutes(router, api);
  AddUploadRoutes(router, api);
  AddContentRoutes(router, api);
  AddPolicyRoutes(router, api);
  AddCatalogueRoutes(router, api);
  AddInboxRoutes(router, api);
  AddEventRoutes(router, api);
  AddEvidencePackRoutes(router, api);
  AddLifecycleRoutes(router, api);
  AddContractRoutes(router, api);
  AddQueryRoutes(router, api);
  AddDecisionRoutes(router, api);
  AddResultRoutes(router, api);
  AddWebhookRoutes(router, api);
  AddGate(router, api);
  return router;
}

Result<Caller> Authenticate(const Api& api, const net::Request& request, SessionStore::Use use) {
  CLOISTER_ASSIGN(const auto key, ReadKey(request));
  CLOISTER_ASSIGN(Caller caller, key ? AuthenticateKey(api, *key) : AuthenticateBrowser(api, request, use));
  CLOISTER_ASSIGN(caller.key, api.store.users.FindParticipantKey(caller.user.id));
  caller.note = request.note;
  return caller;
}

namespace {

Result<Member> RequireStanding(const Api& api, Caller caller, const EnvironmentId& id, Standing least) {
  const auto session = api.fleet.Find(id);
  if (!session) return NoSuch("environment");
  CLOISTER_ASSIGN(auto record, api.store.environments.Find(id));
  if (!record) return NoSuch("environment");
  const auto standing = [&] {
    return StandingOf(*session, *record,
                      {.user = caller.user.id, .thumbprint = caller.key ? caller.key->thumbprint : ""});
  };
  if (standing() != Standing::kParticipant) {
    CLOISTER_ASSIGN(const bool came, ComeAsInvited(api, caller, id));
    if (came) {
      CLOISTER_ASSIGN(caller.key, api.store.users.FindParticipantKey(caller.user.id));
    }
  }
  // Never where he still reads what he would accept.
  if (least == Standing::kParticipant && standing() == Standing::kProposed) AcceptAsProposed(api, caller, *session);
  const Standing now = standing();
  if (now < least) return NoSuch("environment");
  ParticipantKeyRecord key = *caller.key;
  return Member{.caller = std::move(caller),
                .key = std::move(key),
                .record = *std::move(record),
                .session = session,
                .standing = now};
}

Result<Member> RequireStanding(const Api& api, const net::Request& request, std::string_view environment_id,
                               Standing least) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  const auto id = EnvironmentId::Parse(environment_id);
  if (!id) return NoSuch("environment");
  return RequireStanding(api, caller, *id, least);
}

}  // namespace

Result<Member> RequireMember(const Api& api, const net::Request& request, std::string_view environment_id) {
  return RequireStanding(api, request, environment_id, Standing::kParticipant);
}
Result<Member> RequireMember(const Api& api, Caller caller, const EnvironmentId& id) {
  return RequireStanding(api, std::move(caller), id, Standing::kParticipant);
}
Result<Member> RequireProposed(const Api& api, const net::Request& request, std::string_view environment_id) {
  return RequireStanding(api, request, environment_id, Standing::kProposed);
}
Result<Member> RequireProposed(const Api& api, Caller caller, const EnvironmentId& id) {
  return RequireStanding(api, std::move(caller), id, Standing::kProposed);
}

Status RequireLiving(const Member& member) {
  const auto health = member.session->health();
  switch (health.lifecycle) {
    case Lifecycle::kTerminated: return FailedPrecondition("the environment is terminated");
    case Lifecycle::kFailed:
      return FailedPrecondition(health.recoverable ? "the environment has failed; its creator may resume it"
                                                   : "the environment has failed; create another one");
    case Lifecycle::kCreating:
    case Lifecycle::kRunning:
    case Lifecycle::kSuspended: break;
  }
  return {};
}

Result<DatasetAccess> RequireDataset(const Api& api, const net::Request& request, std::string_view dataset_id) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  const auto id = DatasetId::Parse(dataset_id);
  if (!id) return NoSuch("dataset");
  CLOISTER_ASSIGN(auto dataset, api.store.datasets.Find(*id));
  if (!dataset) return NoSuch("dataset");
  auto member = RequireMember(api, caller, dataset->environment);
  if (!member) return member.error().code == Code::kNotFound ? NoSuch("dataset") : member.error();
  return DatasetAccess{.member = *std::move(member), .dataset = *std::move(dataset)};
}

Result<QueryAccess> RequireQuery(const Api& api, const net::Request& request, std::string_view query_id) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  const auto id = QueryId::Parse(query_id);
  if (!id) return NoSuch("query");
  CLOISTER_ASSIGN(auto label, api.store.queries.FindLabel(*id));
  if (!label) return NoSuch("query");
  auto member = RequireMember(api, caller, label->environment);
  if (!member) return member.error().code == Code::kNotFound ? NoSuch("query") : member.error();
  auto query = member->session->Look([&](const ledger::LedgerState& state) -> std::optional<ledger::QueryRecord> {
    const ledger::QueryRecord* record = state.FindQuery(*id);
    if (record == nullptr) return std::nullopt;
    return *record;
  });
  if (!query) return NoSuch("query");
  return QueryAccess{.member = *std::move(member), .label = *std::move(label), .query = *std::move(query)};
}

Result<codec::Json> ReadJsonBody(const net::Request& request) {
  if (request.body.empty()) return codec::Json(codec::JsonObject());
  CLOISTER_ASSIGN(codec::Json body, codec::ParseJson(request.body));
  WriteWholeNumbersAsSuch(body);
  return body;
}

Status ReadNothing(const net::Request& request) {
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  return in.Finish();
}

net::Response JsonResponse(int status, codec::JsonObject body) {
  net::Response response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}};
  response.body = codec::WriteJson(codec::Json(std::move(body)));
  return response;
}

Result<Page> TakePage(const net::Request& request, codec::JsonArray items, const char* key) {
  CLOISTER_ASSIGN(const std::uint64_t limit, QueryNumber(request, "limit", kPageMax));
  if (limit < 1 || limit > kPageMax) return InvalidArgument("'limit' must be from 1 to " + std::to_string(kPageMax));
  CLOISTER_ASSIGN(const auto behind, ReadCursor(request));
  const auto place_of = [key](const codec::Json& item) { return PlaceOf(item.at(key)); };
  // A page begins behind the last item of the page before, whatever came or went in between.
  std::ranges::sort(items, {}, place_of);
  Page page;
  for (codec::Json& item : items) {
    if (behind && place_of(item) <= *behind) continue;
    if (page.items.size() == limit) {
      page.next = CursorOf(request, place_of(page.items.back()).second);
      break;
    }
    page.items.push_back(std::move(item));
  }
  return page;
}

Result<net::Response> AnswerList(const net::Request& request, const char* name, codec::JsonArray items,
                                 const char* key) {
  CLOISTER_ASSIGN(Page page, TakePage(request, std::move(items), key));
  return JsonResponse(200, {{name, std::move(page.items)}, {"next_cursor", std::move(page.next)}});
}

Result<std::optional<net::Response>> RefuseDaily(const Api& api, const DailyLimit& daily) {
  if (daily.limit == 0) return std::optional<net::Response>();
  CLOISTER_ASSIGN(const auto oldest, daily.nth_newest(daily.limit));
  const std::int64_t left_ms = oldest ? oldest->unix_ms + kDayMs - api.clock.Now().unix_ms : 0;
  if (left_ms <= 0) return std::optional<net::Response>();
  return std::optional(RenderExhausted("there were " + std::to_string(daily.limit) + " " + std::string(daily.what) +
                                           " within a day, which is the limit; try again later",
                                       (left_ms + 999) / 1000));
}

Result<std::uint64_t> QueryNumber(const net::Request& request, const std::string& name, std::uint64_t absent) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return absent;
  const std::string& text = found->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && value <= agreement::kLedgerSizeMax;
  if (!whole) return InvalidArgument("'" + name + "' must be a whole number");
  return value;
}

agreement::Participant MakeParticipant(const UserRecord& user, const ParticipantKeyRecord& key) {
  using Role = agreement::ParticipantRole;
  return {.thumbprint = key.thumbprint,
          .public_key = key.public_key,
          .recipient = key.recipient,
          .email = user.email,
          .name = user.name,
          .organisation = user.organisation,
          .roles = {Role::kAnalyst, Role::kApprover, Role::kOwner}};
}

Status CheckLabel(std::string_view name, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max || !agreement::IsShowable(text, agreement::TextKind::kLine)) {
    return InvalidArgument("'" + std::string(name) + "' must be a text of at most " + std::to_string(bytes_max) +
                           " bytes without control characters");
  }
  return {};
}

std::string OrganisationOf(const agreement::Charter& charter, std::string_view thumbprint,
                           std::string_view otherwise) {
  const auto* person = charter.Find(thumbprint);
  return person != nullptr ? person->organisation : std::string(otherwise);
}

Result<std::string> ReadEmail(std::string_view text, std::string_view name) {
  std::string email = codec::LowerCase(text);
  const std::size_t at = email.find('@');
  const bool plain = std::all_of(email.begin(), email.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '/'; });
  const bool shaped =
      at != std::string::npos && at > 0 && at + 1 < email.size() && email.find('@', at + 1) == std::string::npos;
  if (!plain || !shaped || email.size() > agreement::kLabelBytesMax) {
    return InvalidArgument("'" + std::string(name) + "' must be an e-mail address");
  }
  return email;
}

}  // namespace cloister::control
