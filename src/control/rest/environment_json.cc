#include "control/rest/environment_json.h"

#include <algorithm>

#include "codec/text.h"

namespace cloister::control {
namespace {

// The charter that people mean now: the one in force, else the proposed one, else the one it was created
// with, which no ledger has.
struct ShownCharter {
  agreement::Charter charter;
  const ledger::CharterRecord* record = nullptr;
  Instant environment_created;
};

codec::JsonObject EncodeParticipant(const agreement::Participant& participant, const ShownCharter& shown,
                                    const ledger::LedgerState& state) {
  const auto* record = shown.record;
  const auto* first = state.FirstCharterOf(participant.thumbprint);
  codec::JsonArray roles;
  for (const auto role : participant.roles) roles.emplace_back(agreement::ParticipantRoleName(role));
  return {{"thumbprint", participant.thumbprint},
          {"email", participant.email},
          {"name", participant.name},
          {"organisation", participant.organisation},
          {"roles", std::move(roles)},
          {"accepted", record != nullptr && record->acceptances.contains(participant.thumbprint)},
          {"created_at", FormatRfc3339(first != nullptr ? first->recorded : shown.environment_created)},
          {"updated_at", FormatRfc3339(record != nullptr ? record->changed : shown.environment_created)}};
}

void AddCharter(codec::JsonObject& json, const ShownCharter& shown, const ledger::LedgerState& state) {
  const agreement::Charter& charter = shown.charter;
  codec::JsonArray participants;
  for (const auto& each : charter.participants) participants.push_back(EncodeParticipant(each, shown, state));
  json["epoch"] = charter.epoch;
  json["charter"] = agreement::EncodeCharter(charter);
  json["charter_digest"] = codec::HexEncode(agreement::CharterDigest(charter));
  json["participants"] = std::move(participants);
  json["approval_rule"] = agreement::ApprovalRuleName(charter.approval_rule.kind);
  json["require_unanimous_approval"] = charter.approval_rule.kind == agreement::ApprovalRule::Kind::kUnanimous;
  json["allow_cross_party_joins"] = charter.cross_owner_joins;
  json["recovery"] = agreement::RecoveryName(charter.recovery);
}

}  // namespace

std::string_view EnvironmentStatus(const EnvironmentSession& session) {
  const auto health = session.health();
  switch (health.lifecycle) {
    case Lifecycle::kCreating: return "creating";
    case Lifecycle::kTerminated: return "terminated";
    case Lifecycle::kFailed: return "error";
    case Lifecycle::kSuspended: return "suspended";
    case Lifecycle::kRunning: break;
  }
  const bool in_force = session.Look([](const ledger::LedgerState& state) { return state.in_force() != nullptr; });
  if (!in_force) return "creating";
  return health.enclave_runs ? "active" : "suspended";
}

Result<codec::JsonObject> EncodeEnvironment(const Api& api, const EnvironmentRecord& record,
                                            const EnvironmentSession& session) {
  const auto health = session.health();
  CLOISTER_ASSIGN(const agreement::Charter first, agreement::ParseCharter(record.charter));
  CLOISTER_ASSIGN(const auto invited, api.store.environments.Invited(record.id));
  CLOISTER_ASSIGN(const auto stored, api.store.environments.Find(record.id));  // `record` may be of before a change
  const Instant stored_at = stored ? stored->updated_at : record.updated_at;
  codec::JsonObject json{{"id", record.id.str()},
                         {"name", record.name},
                         {"description", record.description},
                         {"status", EnvironmentStatus(session)},
                         {"provider", record.provider},
                         {"invited", codec::JsonArray(invited.begin(), invited.end())},
                         {"sandbox", health.sandbox},
                         {"created_at", FormatRfc3339(record.created_at)}};
  if (record.gcp_project_id) json["gcp_project_id"] = *record.gcp_project_id;
  if (record.gcp_zone) json["gcp_zone"] = *record.gcp_zone;
  if (health.error) json["error_message"] = *health.error;
  session.Look([&](const ledger::LedgerState& state) {
    const ledger::CharterRecord* shown = state.governing();
    if (state.in_force() != nullptr) json["name"] = state.in_force()->charter.name;  // it may have changed since
    AddCharter(json,
               {.charter = shown != nullptr ? shown->charter : first,
                .record = shown,
                .environment_created = record.created_at},
               state);
    json["ledger_size"] = state.size();
    json["updated_at"] = FormatRfc3339(std::max(stored_at, state.last_time()));
  });
  return json;
}

}  // namespace cloister::control
