#include "agreement/charter_diff.h"

#include <algorithm>

#include "agreement/fields.h"

namespace cloister::agreement {
namespace {

using Lines = std::vector<std::string>;

std::string Who(const Participant& participant) {
  std::string who = participant.email;
  if (!participant.organisation.empty()) who += " (" + participant.organisation + ")";
  return who + ", key " + participant.thumbprint;
}

std::string Roles(const Participant& participant) {
  std::string text;
  for (ParticipantRole role : participant.roles) {
    text += (text.empty() ? "" : ", ") + std::string(ParticipantRoleName(role));
  }
  return text;
}

std::string RuleText(const ApprovalRule& rule) {
  switch (rule.kind) {
    case ApprovalRule::Kind::kOwners: return "the owners of the data that it reads";
    case ApprovalRule::Kind::kUnanimous: return "those owners and every other approver";
    case ApprovalRule::Kind::kMajority: return "those owners and more than half of the other approvers";
    case ApprovalRule::Kind::kCount: return "those owners and " + std::to_string(rule.count) + " of the approvers";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a rule outside its enumeration");
}

std::string RecoveryText(Recovery recovery) {
  return recovery == Recovery::kOperator
             ? "the operator can bring the enclave back after a restart, and could read everything"
             : "nobody can bring the enclave back; a restart ends the environment";
}

std::string EvidenceText(const AppraisalTerms& terms) {
  std::string text;
  for (const std::string& kind : terms.accept) text += (text.empty() ? "" : ", ") + kind;
  if (text == "simulated") text += " (no hardware vouches for the enclave)";
  return text;
}

bool Holds(const std::vector<Digest256>& digests, const Digest256& digest) {
  return std::find(digests.begin(), digests.end(), digest) != digests.end();
}

void Participants(const Charter& from, const Charter& to, Lines& lines) {
  for (const Participant& one : to.participants) {
    if (from.Find(one.thumbprint) == nullptr) lines.push_back("joins: " + Who(one) + ", as " + Roles(one));
  }
  for (const Participant& one : from.participants) {
    if (to.Find(one.thumbprint) == nullptr)
      lines.push_back("leaves: " + Who(one) + "; his data and manifests are void");
  }
  for (const Participant& after : to.participants) {
    const Participant* before = from.Find(after.thumbprint);
    if (before == nullptr) continue;
    if (before->roles != after.roles) {
      lines.push_back("roles of " + after.email + ": " + Roles(*before) + " -> " + Roles(after));
    }
    if (before->recipient != after.recipient) {
      lines.push_back("results for " + after.email + " are sealed to another key: " + after.recipient);
    }
    if (before->email != after.email || before->name != after.name || before->organisation != after.organisation) {
      lines.push_back("label of key " + after.thumbprint + ": " + before->email + " (" + before->organisation +
                      ") -> " + after.email + " (" + after.organisation + ")");
    }
  }
}

void Measurements(const Charter& from, const Charter& to, Lines& lines) {
  for (const Digest256& digest : to.appraisal_policy.measurements) {
    if (!Holds(from.appraisal_policy.measurements, digest)) {
      lines.push_back("an enclave program comes to be trusted: " + HexDigest(digest));
    }
  }
  for (const Digest256& digest : from.appraisal_policy.measurements) {
    if (!Holds(to.appraisal_policy.measurements, digest)) {
      lines.push_back("an enclave program is trusted no more: " + HexDigest(digest));
    }
  }
}

void Change(const std::string& what, const std::string& before, const std::string& after, Lines& lines) {
  if (before != after) lines.push_back(what + ": " + before + " -> " + after);
}

std::string BoundsText(const RunBounds& bounds) {
  return std::to_string(bounds.query_ms) + " ms, " + std::to_string(bounds.memory_bytes >> 20) + " MiB, " +
         std::to_string(bounds.result_rows) + " rows of answer";
}

Lines Describe(const Charter& charter) {
  Lines lines;
  for (const Participant& one : charter.participants) lines.push_back("joins: " + Who(one) + ", as " + Roles(one));
  lines.push_back("a query must be approved by " + RuleText(charter.approval_rule));
  lines.push_back("recovery: " + RecoveryText(charter.recovery));
  lines.push_back("evidence accepted: " + EvidenceText(charter.appraisal_policy));
  for (const Digest256& digest : charter.appraisal_policy.measurements) {
    lines.push_back("an enclave program comes to be trusted: " + HexDigest(digest));
  }
  lines.push_back(std::string("joins across owners: ") + (charter.cross_owner_joins ? "allowed" : "not allowed"));
  lines.push_back("smallest group where a dataset does not say: " + std::to_string(charter.min_group_size));
  lines.push_back("refusals per participant and day: " + std::to_string(charter.refusals_per_participant_day));
  lines.push_back("a run may take: " + BoundsText(charter.run_bounds));
  lines.push_back("name: " + charter.name);
  return lines;
}

}  // namespace

std::vector<std::string> DiffCharter(const Charter* from, const Charter& to) {
  if (from == nullptr) return Describe(to);
  Lines lines;
  Participants(*from, to, lines);
  Change("a query must be approved by", RuleText(from->approval_rule), RuleText(to.approval_rule), lines);
  Change("recovery", RecoveryText(from->recovery), RecoveryText(to.recovery), lines);
  Change("evidence accepted", EvidenceText(from->appraisal_policy), EvidenceText(to.appraisal_policy), lines);
  Measurements(*from, to, lines);
  const auto allowed = [](bool yes) { return std::string(yes ? "allowed" : "not allowed"); };
  Change("joins across owners", allowed(from->cross_owner_joins), allowed(to.cross_owner_joins), lines);
  Change("smallest group where a dataset does not say", std::to_string(from->min_group_size),
         std::to_string(to.min_group_size), lines);
  Change("refusals per participant and day", std::to_string(from->refusals_per_participant_day),
         std::to_string(to.refusals_per_participant_day), lines);
  Change("a run may take", BoundsText(from->run_bounds), BoundsText(to.run_bounds), lines);
  Change("name", from->name, to.name, lines);
  return lines;
}

}  // namespace cloister::agreement
