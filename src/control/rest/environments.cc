// GET, POST /api/tee/environments; GET /api/tee/environments/{id}; POST .../terminate.

#include <algorithm>
#include <set>
#include <variant>

#include "codec/text.h"
#include "control/rest/environment_json.h"
#include "control/rest/epochs.h"
#include "control/rest/idempotency.h"
#include "control/rest/participant_keys.h"
#include "control/rest/routes.h"
#include "control/rest/statements.h"
#include "control/rest/texts.h"

namespace cloister::control {
namespace {

constexpr std::size_t kAppraisalItemsMax = 16;

struct CreateRequest {
  std::string name;
  std::string description;
  std::vector<std::string> emails;
  bool cross_owner_joins = false;
  agreement::ApprovalRule rule;
  agreement::Recovery recovery = agreement::Recovery::kNone;
  std::optional<std::string> gcp_project_id;
  std::optional<std::string> gcp_zone;
  std::optional<std::int64_t> min_group_size;
  std::vector<std::string> accept;        // kinds of evidence; empty: the provider's
  std::vector<Digest256> measurements;    // enclave programs; empty: the provider's
};

// {"min_group_size"}: what holds for every dataset that says nothing stricter.
Status DecodePrivacy(const codec::Json& json, CreateRequest& create) {
  codec::ObjectReader in(json, "privacy");
  create.min_group_size = in.OptionalInteger("min_group_size", 1, agreement::kMinGroupSizeMax);
  return in.Finish();
}

// {"accept"?, "measurements"?}: the creator's own word on which enclave is to be trusted.
Status DecodeAppraisal(const codec::Json& json, CreateRequest& create) {
  codec::ObjectReader in(json, "appraisal_policy");
  std::vector<std::string> measurements;
  if (in.Has("accept")) create.accept = in.Strings("accept", kAppraisalItemsMax);
  if (in.Has("measurements")) measurements = in.Strings("measurements", kAppraisalItemsMax);
  CLOISTER_TRY(in.Finish());
  for (const std::string& each : measurements) {
    const auto digest = codec::HexDecodeDigest(each);
    if (!digest) return InvalidArgument("'appraisal_policy.measurements' must be SHA-256 digests in hex");
    create.measurements.push_back(*digest);
  }
  std::ranges::sort(create.measurements);
  return {};
}

Result<agreement::ApprovalRule> RuleOf(std::string_view kind, std::int64_t count) {
  using Kind = agreement::ApprovalRule::Kind;
  for (const Kind each : {Kind::kOwners, Kind::kUnanimous, Kind::kMajority, Kind::kCount}) {
    if (agreement::ApprovalRuleName(each) == kind) return agreement::ApprovalRule{.kind = each, .count = count};
  }
  return InvalidArgument("'approval_rule.kind' must be owners, unanimous, majority or count");
}

}  // namespace

Result<agreement::ApprovalRule> DecodeApprovalRule(const codec::Json& rule) {
  codec::ObjectReader in(rule, "approval_rule");
  const std::string kind = in.String("kind");
  const std::int64_t count = in.OptionalInteger("count", 1, agreement::kParticipantsMax).value_or(0);
  CLOISTER_TRY(in.Finish());
  return RuleOf(kind, count);
}

namespace {

// `approval_rule` {"kind","count"?} and the older yes or no; both only if they agree. Neither: everybody.
Result<agreement::ApprovalRule> DecodeRule(const codec::Json* rule, std::optional<bool> unanimous) {
  using Kind = agreement::ApprovalRule::Kind;
  if (rule == nullptr) {
    return agreement::ApprovalRule{.kind = unanimous.value_or(true) ? Kind::kUnanimous : Kind::kOwners, .count = 0};
  }
  CLOISTER_ASSIGN(const agreement::ApprovalRule decoded, DecodeApprovalRule(*rule));
  if (unanimous && *unanimous != (decoded.kind == Kind::kUnanimous)) {
    return InvalidArgument("'approval_rule' and 'require_unanimous_approval' contradict each other");
  }
  return decoded;
}

Result<CreateRequest> DecodeCreate(const Api& api, const codec::Json& json) {
  codec::ObjectReader in(json, "");
  CreateRequest create{.name = in.String("name"),
                       .description = in.OptionalString("description", kDescriptionBytesMax).value_or(""),
                       .emails = in.Has("participant_emails")
                                     ? in.Strings("participant_emails", agreement::kParticipantsMax)
                                     : std::vector<std::string>(),
                       .cross_owner_joins = in.OptionalBool("allow_cross_party_joins").value_or(false),
                       .rule = {},
                       .gcp_project_id = in.OptionalString("gcp_project_id", agreement::kLabelBytesMax),
                       .gcp_zone = in.OptionalString("gcp_zone", agreement::kLabelBytesMax),
                       .min_group_size = std::nullopt,
                       .accept = {},
                       .measurements = {}};
  const codec::Json* privacy = in.OptionalAny("privacy");
  const codec::Json* appraisal = in.OptionalAny("appraisal_policy");
  const auto unanimous = in.OptionalBool("require_unanimous_approval");
  const codec::Json* rule = in.OptionalAny("approval_rule");
  const std::string provider = in.OptionalString("provider").value_or(std::string(api.provider.name()));
  const std::string recovery = in.OptionalString("recovery").value_or("none");
  if (provider != api.provider.name()) in.Fail("provider", "is not one that this server has");
  if (recovery != "none" && recovery != "operator") in.Fail("recovery", "must be 'none' or 'operator'");
  CLOISTER_TRY(in.Finish());
  if (create.name.empty()) return InvalidArgument("'name' must not be empty");
  CLOISTER_TRY(CheckLabel("name", create.name, agreement::kLabelBytesMax));
  CLOISTER_TRY(CheckLabel("description", create.description, kDescriptionBytesMax));
  for (std::string& email : create.emails) {
    CLOISTER_ASSIGN(email, ReadEmail(email, "participant_emails"));
  }
  if (privacy != nullptr) CLOISTER_TRY(DecodePrivacy(*privacy, create));
  if (appraisal != nullptr) CLOISTER_TRY(DecodeAppraisal(*appraisal, create));
  CLOISTER_ASSIGN(create.rule, DecodeRule(rule, unanimous));
  create.recovery = recovery == "operator" ? agreement::Recovery::kOperator : agreement::Recovery::kNone;
  return create;
}

struct People {
  std::vector<ParticipantKeyRecord> keys;            // of the participants of epoch 1, sorted by thumbprint
  std::vector<agreement::Participant> participants;  // the same
  std::vector<std::string> invited;                  // without a key yet
};

Result<People> GatherPeople(const Api& api, const Caller& caller, const std::vector<std::string>& emails) {
  std::set<std::string> wanted(emails.begin(), emails.end());
  wanted.insert(caller.user.email);
  People people;
  for (const std::string& email : wanted) {
    CLOISTER_ASSIGN(const auto user, api.store.users.FindUserByEmail(email));
    std::optional<ParticipantKeyRecord> key;
    if (user) {
      CLOISTER_ASSIGN(key, EnsureKey(api, *user));
    }
    if (!key) {
      people.invited.push_back(email);
      continue;
    }
    people.participants.push_back(MakeParticipant(*user, *key));
    people.keys.push_back(*std::move(key));
  }
  std::ranges::sort(people.participants, {}, &agreement::Participant::thumbprint);
  std::ranges::sort(people.keys, {}, &ParticipantKeyRecord::thumbprint);
  return people;
}

// What a request asks for, ready to be made.
struct Draft {
  const CreateRequest& create;
  const People& people;
  const EnvironmentId& id;
};

Result<EnvironmentRecord> MakeRecord(const Api& api, const Caller& caller, const Draft& draft) {
  const CreateRequest& create = draft.create;
  const People& people = draft.people;
  const Instant now = api.clock.Now();
  agreement::Charter charter{.environment = draft.id,
                             .epoch = 1,
                             .previous = std::nullopt,
                             .name = create.name,
                             .participants = people.participants,
                             .approval_rule = create.rule,
                             .cross_owner_joins = create.cross_owner_joins,
                             .appraisal_policy =
                                 {.accept = create.accept.empty() ? api.provider.evidence_kinds() : create.accept,
                                  .measurements = create.measurements.empty() ? api.provider.measurements()
                                                                              : create.measurements},
                             .recovery = create.recovery,
                             .run_bounds = api.fleet.limits().new_charters};
  charter.min_group_size = create.min_group_size.value_or(charter.min_group_size);
  CLOISTER_TRY(CheckNumberOfPeople(charter));
  CLOISTER_TRY(agreement::CheckCharter(charter));
  return EnvironmentRecord{.id = charter.environment,
                           .name = create.name,
                           .description = create.description,
                           .creator = caller.user.id,
                           .provider = std::string(api.provider.name()),
                           .gcp_project_id = create.gcp_project_id,
                           .gcp_zone = create.gcp_zone,
                           .charter = codec::CanonicalJson(agreement::EncodeCharter(charter)),
                           .created_at = now,
                           .updated_at = now};
}

std::string CreatedMessage(const People& people, agreement::Recovery recovery, bool active) {
  std::string message =
      active ? "The environment is active."
             : "The enclave runs. The environment becomes active when every participant has accepted the charter.";
  if (!people.invited.empty()) {
    message += " " + std::to_string(people.invited.size()) + " of those invited come in when they log in.";
  }
  return message + (recovery == agreement::Recovery::kOperator
                        ? " Recovery 'operator': it survives restarts, and the operator could read its data."
                        : " Recovery 'none': when the enclave stops, the environment ends with it.");
}

struct Made {
  EnvironmentRecord record;
  std::shared_ptr<EnvironmentSession> session;
};
struct Wanted {
  const CreateRequest& create;
  const People& people;
};

using MadeOrRefused = std::variant<Made, net::Response>;

// Somebody has signed for himself, and remembers what he signed.
bool OthersHaveAccepted(const EnvironmentSession& session, const std::vector<ParticipantKeyRecord>& keys) {
  return session.Look([&](const ledger::LedgerState& state) {
    return std::ranges::any_of(keys, [&](const ParticipantKeyRecord& key) {
      return key.custody == KeyCustody::kSelf && state.ChainOf(key.thumbprint).digest.has_value();
    });
  });
}

// A request that comes again finds what it made before. What was cut off, and failed with its enclave, was answered to
// nobody: it is made anew under the same id.
Result<MadeOrRefused> MakeOnce(const Api& api, const net::Request& request, const Caller& caller,
                               const Wanted& wanted) {
  RequestIds ids(api, request);
  const auto id = ids.Make<EnvironmentId>();
  CLOISTER_ASSIGN(const auto known, api.store.environments.Find(id));
  if (known) {
    auto session = api.fleet.Find(id);
    if (!session) return Unavailable("the environment cannot be opened now");
    (void)session->AwaitEnclave();
    if (session->health().lifecycle != Lifecycle::kFailed) {
      return MadeOrRefused(Made{.record = *known, .session = std::move(session)});
    }
    if (OthersHaveAccepted(*session, wanted.people.keys)) {
      return FailedPrecondition("the environment has failed since it was made; create another under another key");
    }
    CLOISTER_TRY(api.fleet.Forget(id));
  }
  const DailyLimit daily{
      .limit = api.limits.environments_per_day,
      .what = "environments of yours",
      .nth_newest = [&](std::int64_t n) { return api.store.environments.NthNewest(caller.user.id, n); }};
  CLOISTER_ASSIGN(auto refused, RefuseDaily(api, daily));
  if (refused) return MadeOrRefused(*std::move(refused));
  CLOISTER_ASSIGN(EnvironmentRecord record, MakeRecord(api, caller, {wanted.create, wanted.people, id}));
  CLOISTER_ASSIGN(auto session, api.fleet.Create(record, wanted.people.invited));
  return MadeOrRefused(Made{.record = std::move(record), .session = std::move(session)});
}

// Epoch 1 alone: later ones are not this request's.
Status AcceptForServerKeys(const Api& api, EnvironmentSession& session,
                           const std::vector<ParticipantKeyRecord>& keys) {
  MutexLock lock(session.terms_mutex());
  for (const ParticipantKeyRecord& key : keys) {
    if (key.custody != KeyCustody::kServer) continue;
    const bool due = session.Look([&](const ledger::LedgerState& state) {
      const auto* proposed = state.proposed();
      return state.in_force() == nullptr && proposed != nullptr && !proposed->acceptances.contains(key.thumbprint);
    });
    if (due) CLOISTER_TRY(api.custodian.Accept(session, key));
  }
  return {};
}

Result<net::Response> Create(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  CLOISTER_ASSIGN(const CreateRequest create, DecodeCreate(api, body));
  CLOISTER_ASSIGN(const People people, GatherPeople(api, caller, create.emails));
  CLOISTER_ASSIGN(MadeOrRefused outcome, MakeOnce(api, request, caller, {create, people}));
  if (auto* refused = std::get_if<net::Response>(&outcome)) return std::move(*refused);
  const auto& [record, session] = std::get<Made>(outcome);
  CLOISTER_TRY(AcceptForServerKeys(api, *session, people.keys));
  CLOISTER_ASSIGN(codec::JsonObject tee, EncodeEnvironment(api, record, *session));
  const bool active = EnvironmentStatus(*session) == "active";
  return JsonResponse(201, {{"tee", std::move(tee)}, {"message", CreatedMessage(people, create.recovery, active)}});
}

Result<net::Response> List(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(Caller caller, Authenticate(api, request));
  // Whoever was invited comes in by looking; where he cannot yet, the environment is simply not in his list.
  CLOISTER_ASSIGN(const auto invitations, api.store.environments.InvitationsOf(caller.user.email));
  for (const EnvironmentId& id : invitations) (void)ComeAsInvited(api, caller, id);
  CLOISTER_ASSIGN(caller.key, api.store.users.FindParticipantKey(caller.user.id));
  codec::JsonArray tees;
  for (const auto& session : api.fleet.All()) {
    const auto member = RequireProposed(api, caller, session->id());
    if (!member) continue;
    CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member->record, *session));
    tees.push_back(std::move(tee));
  }
  return AnswerList(request, "tees", std::move(tees));
}

Result<net::Response> Show(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
  return JsonResponse(200, {{"tee", std::move(tee)}});
}

// There is no charter that anybody could end it by: it is its creator's.
Result<net::Response> Discard(const Api& api, const Member& member) {
  if (member.record.creator != member.caller.user.id) {
    return Error{Code::kPermissionDenied, "until its first charter is in force, only who created it ends it"};
  }
  CLOISTER_TRY(member.session->Discard());
  CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
  return JsonResponse(200, {{"tee", std::move(tee)}, {"message", "The environment has ended before it began."}});
}

Statement Terminating(const std::optional<std::string>& document, const std::string& reason) {
  using Ends = agreement::Revocation::Ends;
  return {.typ = "cloister-revocation+jws",
          .document = document,
          .make = [reason](const VerifiedView&) -> Result<agreement::LinkBody> {
            return agreement::LinkBody(
                agreement::Revocation{.ends = Ends::kTermination, .document = std::nullopt, .reason = reason});
          },
          .means = [](const agreement::LinkBody& body) {
            const auto* revocation = std::get_if<agreement::Revocation>(&body);
            return revocation != nullptr && revocation->ends == Ends::kTermination;
          }};
}

Result<net::Response> Terminate(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const auto reason = in.OptionalString("reason", agreement::kNotesBytesMax);
  const auto document = in.OptionalString("document", crypto::kJwsBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(CheckLines("reason", reason.value_or("")));
  // One that comes again, since its answer was lost, finds it terminated by what he said then.
  const auto health = member.session->health();
  const bool terminated = health.lifecycle == Lifecycle::kTerminated;
  const bool perhaps_again = terminated && (document || !member.caller.note.empty());
  const bool startable = health.lifecycle == Lifecycle::kSuspended ||
                         (health.lifecycle == Lifecycle::kFailed && health.recoverable);
  if (!perhaps_again && !startable) CLOISTER_TRY(RequireLiving(member));
  const bool began =
      member.session->Look([](const ledger::LedgerState& state) { return state.in_force() != nullptr; });
  if (!began) return Discard(api, member);
  const Statement statement = Terminating(document, reason.value_or("terminated"));
  // Whoever may end it may have it started for that; not whoever sends something else.
  CLOISTER_TRY(CheckDocument(member, statement));
  if (startable) CLOISTER_TRY(member.session->Resume());
  CLOISTER_ASSIGN(const RecordedLink recorded, Submit(api, member, statement));
  CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
  return AnswerRecorded(200, {{"tee", std::move(tee)}}, recorded);
}

}  // namespace

void AddEnvironmentRoutes(net::Router& router, const Api& api) {
  router.Add("GET", "/api/tee/environments", [&api](const net::Request& request) { return List(api, request); });
  router.Add("POST", "/api/tee/environments", [&api](const net::Request& request) { return Create(api, request); });
  router.Add("GET", "/api/tee/environments/{id}", [&api](const net::Request& request) { return Show(api, request); });
  router.Add("POST", "/api/tee/environments/{id}/terminate",
             [&api](const net::Request& request) { return Terminate(api, request); });
}

}  // namespace cloister::control
