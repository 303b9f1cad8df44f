#pragma once

// The charter: the terms of an environment, one per epoch, accepted by the signatures of its participants
// (docs/formats/documents.md, "Charter"). It is itself unsigned; its digest is SHA-256 of its canonical
// bytes, and that digest is what every later document names.
//
// Invariant of a Charter that DecodeCharter or CheckCharter accepted: participants sorted by thumbprint, none
// twice, each key fits its thumbprint, roles sorted and at least one; every kind of rule, recovery, evidence
// and time source is one that this version enforces: a charter that asks for more than is enforced is
// refused, not half kept. Values; thread-compatible.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/thumbprint.h"
#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "codec/json.h"
#include "crypto/signer.h"

namespace cloister::agreement {

inline constexpr std::size_t kParticipantsMax = 64;
inline constexpr std::size_t kMeasurementsMax = 16;
inline constexpr std::size_t kLabelBytesMax = 200;  // names, e-mail addresses, organisations
inline constexpr std::int64_t kEpochMax = 1'000'000;
inline constexpr std::int64_t kRefusalsPerDayMax = 100'000;

enum class ParticipantRole { kAnalyst, kApprover, kOwner };  // in the order of their names
std::string_view ParticipantRoleName(ParticipantRole role);

struct Participant {
  Thumbprint thumbprint = {};
  crypto::Ed25519PublicKey public_key;
  std::string recipient = {};  // age1...: results for him are sealed to it
  std::string email = {};
  std::string name = {};
  std::string organisation = {};
  std::vector<ParticipantRole> roles = {};  // sorted, at least one

  bool Has(ParticipantRole role) const;
  bool operator==(const Participant&) const = default;
};

// Who must approve beyond the owners of what a query reads, who always must. Approvers are the participants
// with that role other than the submitter.
struct ApprovalRule {
  enum class Kind {
    kOwners,     // nobody else
    kUnanimous,  // all approvers
    kMajority,   // more than half of them
    kCount,      // `count` of them
  };
  Kind kind = Kind::kUnanimous;
  std::int64_t count = 0;  // of kCount alone, 1..kParticipantsMax
  bool operator==(const ApprovalRule&) const = default;
};
std::string_view ApprovalRuleName(ApprovalRule::Kind kind);

// Who else can get at the environment key.
enum class Recovery {
  kNone,      // nobody: a restart of the enclave ends the environment
  kOperator,  // whoever runs the provider: the operator could read everything
};
std::string_view RecoveryName(Recovery recovery);

// Which evidence the participants take for good. attestation/ reads it through EncodeCharter
// (attestation/enclave_terms.h).
struct AppraisalTerms {
  std::vector<std::string> accept = {};      // kinds, sorted; "simulated" stands alone
  std::vector<Digest256> measurements = {};  // of enclave binaries, sorted, at least one
  bool operator==(const AppraisalTerms&) const = default;
};

// What one run may take. The participants set them, not the host: a host that could choose a limit for a run would
// learn from "it failed" how much of something the data holds. Of time it can still steal; LIMITATIONS says so.
struct RunBounds {
  std::int64_t memory_bytes = std::int64_t{1} << 30;  // of the engine, from the next boot on
  std::int64_t query_ms = 60'000;
  std::int64_t result_rows = 100'000;
  bool operator==(const RunBounds&) const = default;
};
inline constexpr RunBounds kRunBoundsLeast{.memory_bytes = 64 << 20, .query_ms = 1, .result_rows = 1};
inline constexpr RunBounds kRunBoundsMost{
    .memory_bytes = std::int64_t{1} << 50, .query_ms = 86'400'000, .result_rows = 1'000'000'000};

struct Charter {
  EnvironmentId environment;
  std::int64_t epoch = 1;
  std::optional<Digest256> previous = {};  // digest of the charter of epoch - 1; absent in epoch 1 alone
  std::string name = {};
  std::vector<Participant> participants = {};
  ApprovalRule approval_rule = {};
  bool cross_owner_joins = false;
  AppraisalTerms appraisal_policy = {};
  Recovery recovery = Recovery::kNone;
  std::int64_t min_group_size = 25;
  std::int64_t refusals_per_participant_day = 100;
  RunBounds run_bounds = {};
  // `witnesses` and `time_sources` are written as [] and ["host"]; nothing else is enforced yet, so nothing
  // else is read.

  // Null when there is none.
  const Participant* Find(std::string_view thumbprint) const;
  const Participant* FindByEmail(std::string_view email) const;
  bool operator==(const Charter&) const = default;
};

// Every rule above; the first broken one, with the member's path.
Status CheckCharter(const Charter& charter);
codec::Json EncodeCharter(const Charter& charter);
Result<Charter> DecodeCharter(const codec::Json& json);
// The same from text that must be the canonical bytes.
Result<Charter> ParseCharter(std::string_view canonical_text);
Digest256 CharterDigest(const Charter& charter);

// kInvalidArgument unless `next` is a charter of the same environment, one epoch later, that names `current`.
Status CheckSuccessor(const Charter& current, const Charter& next);

}  // namespace cloister::agreement
