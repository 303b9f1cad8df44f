#pragma once

// The verifier (RFC 9334 section 3): evidence, endorsements, reference values and an appraisal policy in, an
// attestation result out, or every finding at once. Pure: time is an argument, nothing is fetched.
//
//   Appraisal appraisal = Verifier::Appraise({.evidence = evidence, .endorsements = {}, .binding =
//   Binding(input),
//                                             .policy = policy, .now = now});
//   if (const AttestationResult* result = appraisal.result()) ...   // result->proves(),
//   result->does_not_prove() else for (const Finding& finding : appraisal.findings()) ...
//
// Thread-safe.

#include <optional>
#include <string>
#include <vector>

#include "attestation/evidence.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "codec/json.h"

namespace cloister::attestation {

// What the relying party demands (RFC 9334 section 8.5). Nothing set means nothing is accepted.
struct AppraisalPolicy {
  std::vector<EvidenceKind> accept = {};
  std::vector<Digest256> measurements = {};  // reference values: digests of the enclave binaries that may run
  bool operator_can_recover = false;         // the charter's recovery is `operator`: every result says what that means
};

// One check that failed.
struct Finding {
  std::string check = {};  // "evidence.kind", "binding", "measurement", ...
  std::string expected = {};
  std::string actual = {};
  std::string meaning = {};  // what it means for whoever was about to trust the enclave
  bool operator==(const Finding&) const = default;
};

// Only Verifier::Appraise makes one.
class AttestationResult {
 public:
  EvidenceKind kind() const { return kind_; }
  const Digest256& measurement() const { return measurement_; }
  const Digest256& evidence_digest() const { return evidence_digest_; }
  Instant appraised_at() const { return appraised_at_; }
  // Whether hardware vouches for anything at all.
  bool is_hardware() const { return kind_ != EvidenceKind::kSimulated; }
  // Sentences for people.
  const std::vector<std::string>& proves() const { return proves_; }
  const std::vector<std::string>& does_not_prove() const { return does_not_prove_; }

 private:
  friend class Verifier;
  AttestationResult() = default;

  EvidenceKind kind_ = EvidenceKind::kSimulated;
  Digest256 measurement_{};
  Digest256 evidence_digest_{};
  Instant appraised_at_;
  std::vector<std::string> proves_, does_not_prove_;
};

// A verdict: a result, or findings (never both, never neither).
class Appraisal {
 public:
  explicit Appraisal(AttestationResult result) : result_(std::move(result)) {}
  explicit Appraisal(std::vector<Finding> findings) : findings_(std::move(findings)) {}  // at least one

  const AttestationResult* result() const { return result_ ? &*result_ : nullptr; }
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  std::optional<AttestationResult> result_;
  std::vector<Finding> findings_;
};

struct AppraisalRequest {
  const Evidence& evidence;
  const codec::JsonArray& endorsements;  // simulated evidence has none
  ByteArray<64> binding{};               // what the evidence must be about
  const AppraisalPolicy& policy;
  Instant now = {};
};

class Verifier {
 public:
  static Appraisal Appraise(const AppraisalRequest& request);
};

}  // namespace cloister::attestation
