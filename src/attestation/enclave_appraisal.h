#pragma once

// The whole walk from what an enclave answers to what may be trusted, for client and server alike. Whoever
// holds a VerifiedEnclave knows that the keys and recipients in it are bound by evidence that his charter's
// policy accepts.
//
//   CLOISTER_ASSIGN(EnclaveTerms terms, ReadTerms(agreement::EncodeCharter(charter)));
//   CLOISTER_ASSIGN(EnclaveAnswer answer, DecodeEnclaveAnswer(json));
//   EnclaveVerdict verdict = AppraiseEnclave(answer, {.terms = terms, .nonce = nonce, .now = clock.Now()});
//   if (verdict.enclave) seal to verdict.enclave->RecipientOf(me) ...
//   else show ExplainAppraisal(verdict.appraisal)

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attestation/binding.h"
#include "attestation/enclave_terms.h"
#include "attestation/recipient_commitment.h"
#include "attestation/verifier.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::attestation {

inline constexpr std::size_t kEndorsementsMax = 16;

// The answer to the channel's `evidence` (docs/formats/channel.md), decoded strictly; nothing in it is
// verified.
struct EnclaveAnswer {
  Evidence evidence;
  codec::JsonArray endorsements = {};
  Origin origin = Origin::kRecovering;
  std::uint64_t boot_entry = 0;  // index of this boot's entry in the ledger
  BootKeys keys;
  Digest256 charter{};
  Digest256 recipient_commitment{};
  std::vector<RecipientClaim> recipients = {};  // one per participant of the charter, in its order
};
Result<EnclaveAnswer> DecodeEnclaveAnswer(const codec::Json& json);
codec::Json EncodeEnclaveAnswer(const EnclaveAnswer& answer);

// Only AppraiseEnclave makes one.
class VerifiedEnclave {
 public:
  const AttestationResult& attestation() const { return attestation_; }
  Origin origin() const { return origin_; }
  std::uint64_t boot_entry() const { return boot_entry_; }  // as the enclave says; its ledger proves it
  const BootKeys& keys() const { return keys_; }
  const Digest256& charter() const { return charter_; }
  const Digest256& recipient_commitment() const { return recipient_commitment_; }
  const std::vector<DatasetRecipient>& recipients() const { return recipients_; }
  // The age recipient that this participant seals his files to; kNotFound for somebody else.
  Result<std::string> RecipientOf(std::string_view thumbprint) const;

 private:
  friend struct EnclaveVerdict AppraiseEnclave(const EnclaveAnswer&, const struct EnclaveExpectation&);
  VerifiedEnclave(AttestationResult attestation, const EnclaveAnswer& answer);

  AttestationResult attestation_;
  Origin origin_;
  std::uint64_t boot_entry_;
  BootKeys keys_;
  Digest256 charter_;
  Digest256 recipient_commitment_;
  std::vector<DatasetRecipient> recipients_;
};

struct EnclaveExpectation {
  const EnclaveTerms& terms;
  Nonce nonce{};
  Instant now = {};
};

struct EnclaveVerdict {
  Appraisal appraisal;
  std::optional<VerifiedEnclave> enclave = {};  // there exactly when the appraisal has a result
};
// Checks beyond the evidence itself: the charter is the expected one, each participant of it has one
// recipient with a proof under the commitment, and an enclave that is still `recovering` has nothing to seal
// to.
EnclaveVerdict AppraiseEnclave(const EnclaveAnswer& answer, const EnclaveExpectation& expectation);

// The evidence that a ledger's boot entry keeps: the same checks with kArchiveNonce. `boot_entry` is the
// entry's JSON (docs/formats/ledger.md), whose keys anyone may use once there is a result. Terms are those of
// the charter that it names.
Result<Appraisal> AppraiseBootEntry(const codec::Json& boot_entry, const EnclaveTerms& terms, Instant now);

}  // namespace cloister::attestation
