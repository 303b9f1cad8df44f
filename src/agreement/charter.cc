#include "agreement/charter.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "agreement/fields.h"
#include "agreement/policy.h"
#include "codec/text.h"
#include "crypto/digest.h"

namespace cloister::agreement {
namespace {

constexpr std::array kRoles = {ParticipantRole::kAnalyst, ParticipantRole::kApprover, ParticipantRole::kOwner};
constexpr std::array kRuleKinds = {ApprovalRule::Kind::kOwners, ApprovalRule::Kind::kUnanimous,
                                   ApprovalRule::Kind::kMajority, ApprovalRule::Kind::kCount};
// A dataset that says nothing about k gets the charter's; one person alone is never a group.
constexpr std::int64_t kMinGroupSizeLeast = 2;

// age1 and 58 characters of Bech32: 32 bytes and a checksum. Whether the checksum fits and the key is good is
// for whoever seals to it (sealing/age_identity.h); a wrong one harms nobody but the participant who gave it.
bool LooksLikeAgeRecipient(std::string_view text) {
  constexpr std::string_view kBech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  return text.size() == 62 && text.starts_with("age1") && text.find_first_not_of(kBech32, 4) == text.npos;
}

codec::Json EncodeParticipant(const Participant& participant) {
  codec::JsonArray roles;
  for (ParticipantRole role : participant.roles) roles.emplace_back(ParticipantRoleName(role));
  codec::JsonObject json;
  json["thumbprint"] = participant.thumbprint;
  json["public_key"] = codec::Base64UrlEncode(participant.public_key.raw());
  json["recipient"] = participant.recipient;
  json["email"] = participant.email;
  json["name"] = participant.name;
  json["organisation"] = participant.organisation;
  json["roles"] = std::move(roles);
  return json;
}

Result<ParticipantRole> ParseRole(std::string_view name) {
  for (ParticipantRole role : kRoles) {
    if (name == ParticipantRoleName(role)) return role;
  }
  return InvalidArgument("is no role");
}

std::vector<ParticipantRole> ReadRoles(codec::ObjectReader& in) {
  std::vector<ParticipantRole> roles;
  for (const std::string& name : in.Strings("roles", kRoles.size())) {
    const Result<ParticipantRole> role = ParseRole(name);
    if (!role) {
      in.Fail("roles", "must hold analyst, approver or owner only");
      return {};
    }
    roles.push_back(*role);
  }
  return roles;
}

Result<Participant> DecodeParticipant(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  Thumbprint thumbprint = ReadThumbprint(in, "thumbprint");
  const Bytes raw = in.Base64Url("public_key", 32);
  std::string recipient = in.String("recipient", kLabelBytesMax);
  std::string email = in.String("email", kLabelBytesMax);
  std::string name = in.String("name", kLabelBytesMax);
  std::string organisation = in.String("organisation", kLabelBytesMax);
  std::vector<ParticipantRole> roles = ReadRoles(in);
  CLOISTER_TRY(in.Finish());
  Result<crypto::Ed25519PublicKey> key = crypto::Ed25519PublicKey::FromRaw(raw);
  if (!key) return InvalidArgument(in.Path("public_key") + " must be an Ed25519 public key");
  return Participant{.thumbprint = std::move(thumbprint),
                     .public_key = *key,
                     .recipient = std::move(recipient),
                     .email = std::move(email),
                     .name = std::move(name),
                     .organisation = std::move(organisation),
                     .roles = std::move(roles)};
}

Result<ApprovalRule> DecodeRule(const codec::Json& json) {
  codec::ObjectReader in(json, "charter.approval_rule");
  const std::string name = in.String("kind");
  ApprovalRule rule;
  const auto kind = std::find_if(kRuleKinds.begin(), kRuleKinds.end(),
                                 [&](ApprovalRule::Kind candidate) { return name == ApprovalRuleName(candidate); });
  if (kind == kRuleKinds.end()) {
    in.Fail("kind", "must be owners, unanimous, majority or count");
  } else {
    rule.kind = *kind;
  }
  if (rule.kind == ApprovalRule::Kind::kCount) rule.count = in.Integer("count", 1, kParticipantsMax);
  CLOISTER_TRY(in.Finish());
  return rule;
}

Result<AppraisalTerms> DecodeAppraisalTerms(const codec::Json& json) {
  codec::ObjectReader in(json, "charter.appraisal_policy");
  AppraisalTerms terms;
  terms.accept = in.Strings("accept", kMeasurementsMax);
  terms.measurements = ReadDigests(in, "measurements", kMeasurementsMax);
  CLOISTER_TRY(in.Finish());
  return terms;
}

Recovery ReadRecovery(codec::ObjectReader& in) {
  const std::string name = in.String("recovery");
  if (name == RecoveryName(Recovery::kOperator)) return Recovery::kOperator;
  if (name != RecoveryName(Recovery::kNone)) in.Fail("recovery", "must be none or operator");
  return Recovery::kNone;
}

// One object with one integer member.
Result<std::int64_t> DecodeNumber(const codec::Json& json, const std::string& where, std::string_view name,
                                  std::int64_t max) {
  codec::ObjectReader in(json, where);
  const std::int64_t number = in.Integer(name, 0, max);
  CLOISTER_TRY(in.Finish());
  return number;
}

Status DecodeLimits(const codec::Json& json, Charter& charter) {
  codec::ObjectReader in(json, "charter.limits");
  charter.refusals_per_participant_day = in.Integer("refusals_per_participant_day", 0, kRefusalsPerDayMax);
  charter.run_bounds = {.memory_bytes = in.Integer("memory_bytes", 0, kRunBoundsMost.memory_bytes),
                        .query_ms = in.Integer("query_ms", 0, kRunBoundsMost.query_ms),
                        .result_rows = in.Integer("result_rows", 0, kRunBoundsMost.result_rows)};
  return in.Finish();
}

// A charter that names witnesses or other clocks is refused: nothing here would ask them.
void ReadPlacesForLater(codec::ObjectReader& in) {
  if (!in.Array("witnesses", 64).empty()) in.Fail("witnesses", "must be empty in this version");
  if (in.Strings("time_sources", 64) != std::vector<std::string>{"host"}) {
    in.Fail("time_sources", "must be [\"host\"] in this version");
  }
}

Status CheckParticipant(const Participant& participant, const std::string& where) {
  if (participant.thumbprint != participant.public_key.Thumbprint()) {
    return InvalidArgument(where + ".thumbprint is not that of public_key");
  }
  if (!LooksLikeAgeRecipient(participant.recipient)) {
    return InvalidArgument(where + ".recipient must be an age recipient (age1...)");
  }
  const std::array labels = {std::pair{"email", &participant.email}, std::pair{"name", &participant.name},
                             std::pair{"organisation", &participant.organisation}};
  for (const auto& [name, text] : labels) {
    if (text->size() > kLabelBytesMax || !IsShowable(*text, TextKind::kLine)) {
      return InvalidArgument(where + "." + name + " must be one line of at most 200 bytes");
    }
  }
  if (participant.email.empty()) return InvalidArgument(where + ".email must not be empty");
  if (participant.roles.empty()) return InvalidArgument(where + ".roles must not be empty");
  if (!StrictlyAscending(participant.roles, std::identity{})) {
    return InvalidArgument(where + ".roles must be sorted, none twice");
  }
  return {};
}

Status CheckParticipants(const std::vector<Participant>& participants) {
  if (participants.empty() || participants.size() > kParticipantsMax) {
    return InvalidArgument("charter.participants must be 1 to " + std::to_string(kParticipantsMax));
  }
  for (std::size_t i = 0; i < participants.size(); ++i) {
    CLOISTER_TRY(CheckParticipant(participants[i], "charter.participants[" + std::to_string(i) + "]"));
  }
  if (!StrictlyAscending(participants, [](const Participant& one) { return one.thumbprint; })) {
    return InvalidArgument("charter.participants must be sorted by thumbprint, none twice");
  }
  std::set<std::string_view> emails;
  for (const Participant& one : participants) {
    if (!emails.insert(one.email).second) {
      return InvalidArgument("charter.participants must not have one e-mail address twice");
    }
  }
  return {};
}

Status CheckRule(const Charter& charter) {
  const ApprovalRule& rule = charter.approval_rule;
  if (rule.kind != ApprovalRule::Kind::kCount) {
    if (rule.count != 0) return InvalidArgument("charter.approval_rule.count belongs to kind count alone");
    return {};
  }
  const auto approvers = std::count_if(charter.participants.begin(), charter.participants.end(),
                                       [](const auto& one) { return one.Has(ParticipantRole::kApprover); });
  if (rule.count < 1 || rule.count > approvers) {
    return InvalidArgument("charter.approval_rule.count must be from 1 to the number of approvers");
  }
  return {};
}

Status CheckAppraisalTerms(const AppraisalTerms& terms) {
  const std::string where = "charter.appraisal_policy.";
  if (terms.accept.empty()) return InvalidArgument(where + "accept must name a kind of evidence");
  for (const std::string& kind : terms.accept) {
    if (kind == "simulated" && terms.accept.size() > 1) {
      return InvalidArgument(where + "accept: simulated evidence proves nothing and must stand alone");
    }
    if (kind != "simulated") return InvalidArgument(where + "accept: " + kind + " is not known in this version");
  }
  if (terms.measurements.empty() || terms.measurements.size() > kMeasurementsMax) {
    return InvalidArgument(where + "measurements must be 1 to " + std::to_string(kMeasurementsMax));
  }
  if (!StrictlyAscending(terms.measurements, std::identity{})) {
    return InvalidArgument(where + "measurements must be sorted, none twice");
  }
  return {};
}

Status CheckRunBounds(const RunBounds& bounds) {
  const auto in = [](std::int64_t value, std::int64_t least, std::int64_t most) {
    return least <= value && value <= most;
  };
  if (!in(bounds.memory_bytes, kRunBoundsLeast.memory_bytes, kRunBoundsMost.memory_bytes)) {
    return InvalidArgument("charter.limits.memory_bytes must be from 67108864 to 2^50");
  }
  if (!in(bounds.query_ms, kRunBoundsLeast.query_ms, kRunBoundsMost.query_ms)) {
    return InvalidArgument("charter.limits.query_ms must be from 1 to 86400000");
  }
  if (!in(bounds.result_rows, kRunBoundsLeast.result_rows, kRunBoundsMost.result_rows)) {
    return InvalidArgument("charter.limits.result_rows must be from 1 to 1000000000");
  }
  return {};
}

Status CheckNumbers(const Charter& charter) {
  if (charter.epoch < 1 || charter.epoch > kEpochMax) return InvalidArgument("charter.epoch is out of range");
  if ((charter.epoch == 1) == charter.previous.has_value()) {
    return InvalidArgument("charter.previous must be null in epoch 1 and a digest in every later one");
  }
  if (charter.min_group_size < kMinGroupSizeLeast || charter.min_group_size > kMinGroupSizeMax) {
    return InvalidArgument("charter.privacy_defaults.min_group_size must be from 2 to 1000000");
  }
  if (charter.refusals_per_participant_day < 1 || charter.refusals_per_participant_day > kRefusalsPerDayMax) {
    return InvalidArgument("charter.limits.refusals_per_participant_day must be from 1 to 100000");
  }
  return CheckRunBounds(charter.run_bounds);
}

}  // namespace

std::string_view ParticipantRoleName(ParticipantRole role) {
  switch (role) {
    case ParticipantRole::kAnalyst: return "analyst";
    case ParticipantRole::kApprover: return "approver";
    case ParticipantRole::kOwner: return "owner";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a role outside its enumeration");
}

std::string_view ApprovalRuleName(ApprovalRule::Kind kind) {
  switch (kind) {
    case ApprovalRule::Kind::kOwners: return "owners";
    case ApprovalRule::Kind::kUnanimous: return "unanimous";
    case ApprovalRule::Kind::kMajority: return "majority";
    case ApprovalRule::Kind::kCount: return "count";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a rule outside its enumeration");
}

std::string_view RecoveryName(Recovery recovery) { return recovery == Recovery::kOperator ? "operator" : "none"; }

bool Participant::Has(ParticipantRole role) const { return std::find(roles.begin(), roles.end(), role) != roles.end(); }

const Participant* Charter::Find(std::string_view thumbprint) const {
  const auto at = std::find_if(participants.begin(), participants.end(),
                               [&](const Participant& one) { return one.thumbprint == thumbprint; });
  return at == participants.end() ? nullptr : &*at;
}

const Participant* Charter::FindByEmail(std::string_view email) const {
  const auto at = std::find_if(participants.begin(), participants.end(),
                               [&](const Participant& one) { return one.email == email; });
  return at == participants.end() ? nullptr : &*at;
}

Status CheckCharter(const Charter& charter) {
  CLOISTER_TRY(CheckNumbers(charter));
  if (charter.name.empty() || charter.name.size() > kLabelBytesMax || !IsShowable(charter.name, TextKind::kLine)) {
    return InvalidArgument("charter.name must be one line of 1 to 200 bytes");
  }
  CLOISTER_TRY(CheckParticipants(charter.participants));
  CLOISTER_TRY(CheckRule(charter));
  return CheckAppraisalTerms(charter.appraisal_policy);
}

codec::Json EncodeCharter(const Charter& charter) {
  codec::JsonArray participants;
  for (const Participant& participant : charter.participants) {
    participants.push_back(EncodeParticipant(participant));
  }
  codec::JsonObject rule;
  rule["kind"] = ApprovalRuleName(charter.approval_rule.kind);
  if (charter.approval_rule.kind == ApprovalRule::Kind::kCount) rule["count"] = charter.approval_rule.count;
  codec::JsonArray measurements;
  for (const Digest256& digest : charter.appraisal_policy.measurements) measurements.emplace_back(HexDigest(digest));

  codec::JsonObject json;
  json["version"] = 1;
  json["environment"] = charter.environment.str();
  json["epoch"] = charter.epoch;
  json["previous"] = NullableDigest(charter.previous);
  json["name"] = charter.name;
  json["participants"] = std::move(participants);
  json["approval_rule"] = std::move(rule);
  json["cross_owner_joins"] = charter.cross_owner_joins;
  json["appraisal_policy"] = {{"accept", TextArray(charter.appraisal_policy.accept)},
                              {"measurements", std::move(measurements)}};
  json["recovery"] = RecoveryName(charter.recovery);
  json["witnesses"] = codec::JsonArray{};
  json["time_sources"] = TextArray({"host"});
  json["privacy_defaults"] = {{"min_group_size", charter.min_group_size}};
  json["limits"] = {{"refusals_per_participant_day", charter.refusals_per_participant_day},
                    {"memory_bytes", charter.run_bounds.memory_bytes},
                    {"query_ms", charter.run_bounds.query_ms},
                    {"result_rows", charter.run_bounds.result_rows}};
  return json;
}

Result<Charter> DecodeCharter(const codec::Json& json) {
  codec::ObjectReader in(json, "charter");
  (void)in.Integer("version", 1, 1);
  Charter charter{.environment = ReadEnvironmentId(in, "environment")};
  charter.epoch = in.Integer("epoch", 1, kEpochMax);
  charter.previous = ReadNullableDigest(in, "previous");
  charter.name = in.String("name", kLabelBytesMax);
  const codec::JsonArray& participants = in.Array("participants", kParticipantsMax);
  const codec::Json& rule = in.Any("approval_rule");
  charter.cross_owner_joins = in.Bool("cross_owner_joins");
  const codec::Json& appraisal_policy = in.Any("appraisal_policy");
  charter.recovery = ReadRecovery(in);
  ReadPlacesForLater(in);
  const codec::Json& privacy_defaults = in.Any("privacy_defaults");
  const codec::Json& limits = in.Any("limits");
  CLOISTER_TRY(in.Finish());

  for (std::size_t i = 0; i < participants.size(); ++i) {
    CLOISTER_ASSIGN(Participant participant,
                    DecodeParticipant(participants[i], "charter.participants[" + std::to_string(i) + "]"));
    charter.participants.push_back(std::move(participant));
  }
  CLOISTER_ASSIGN(charter.approval_rule, DecodeRule(rule));
  CLOISTER_ASSIGN(charter.appraisal_policy, DecodeAppraisalTerms(appraisal_policy));
  CLOISTER_ASSIGN(charter.min_group_size,
                  DecodeNumber(privacy_defaults, "charter.privacy_defaults", "min_group_size", kMinGroupSizeMax));
  CLOISTER_TRY(DecodeLimits(limits, charter));
  CLOISTER_TRY(CheckCharter(charter));
  return charter;
}

Result<Charter> ParseCharter(std::string_view canonical_text) {
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(canonical_text));
  if (codec::CanonicalJson(json) != canonical_text) {
    return InvalidArgument("charter must be canonical JSON (RFC 8785)");
  }
  return DecodeCharter(json);
}

Digest256 CharterDigest(const Charter& charter) {
  return crypto::Sha256(AsBytes(codec::CanonicalJson(EncodeCharter(charter))));
}

Status CheckSuccessor(const Charter& current, const Charter& next) {
  if (next.environment != current.environment) return InvalidArgument("the charter is of another environment");
  if (next.epoch != current.epoch + 1) {
    return InvalidArgument("the charter must be of epoch " + std::to_string(current.epoch + 1));
  }
  if (next.previous != CharterDigest(current)) return InvalidArgument("the charter must name the one in force");
  // The key is out: whoever has the provider's sealer opens the blobs of earlier boots for ever, whatever is agreed
  // later.
  if (current.recovery == Recovery::kOperator && next.recovery != Recovery::kOperator) {
    return InvalidArgument(
        "charter.recovery cannot go back from operator: the operator has the environment key already; "
        "start a new environment and seal the data anew");
  }
  return {};
}

}  // namespace cloister::agreement
