#include "attestation/enclave_appraisal.h"

#include <algorithm>

#include "codec/text.h"

namespace cloister::attestation {
namespace {

constexpr std::size_t kProofHashesMax = 63;
constexpr std::int64_t kLedgerSizeMax = 1'000'000'000'000;

Origin ReadOrigin(codec::ObjectReader& in) {
  const Result<Origin> origin = ParseOrigin(in.String("origin"));
  if (origin) return *origin;
  in.Fail("origin", "must be generated, recovering or recovered");
  return Origin::kRecovering;
}

Result<RecipientClaim> DecodeClaim(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  RecipientClaim claim;
  claim.recipient.thumbprint = in.String("thumbprint", 64);
  claim.recipient.recipient = in.String("recipient", 128);
  claim.index = static_cast<std::uint64_t>(in.Integer("index", 0, kRecipientsMax - 1));
  for (const std::string& hex : in.Strings("proof", kProofHashesMax)) {
    const Result<Digest256> hash = codec::HexDecodeDigest(hex);
    if (!hash) {
      in.Fail("proof", "must hold hashes as 64 lower-case hex digits");
      break;
    }
    claim.proof.push_back(*hash);
  }
  CLOISTER_TRY(in.Finish());
  return claim;
}

codec::Json EncodeClaim(const RecipientClaim& claim) {
  codec::JsonArray proof;
  for (const Digest256& hash : claim.proof) proof.emplace_back(codec::HexEncode(hash));
  codec::JsonObject json;
  json["thumbprint"] = claim.recipient.thumbprint;
  json["recipient"] = claim.recipient.recipient;
  json["index"] = static_cast<std::int64_t>(claim.index);
  json["proof"] = std::move(proof);
  return json;
}

void CheckCharter(const EnclaveAnswer& answer, const EnclaveTerms& terms, std::vector<Finding>& findings) {
  if (answer.charter == terms.charter) return;
  findings.push_back({.check = "charter",
                      .expected = codec::HexEncode(terms.charter),
                      .actual = codec::HexEncode(answer.charter),
                      .meaning = "the enclave works under another charter than the one you look at"});
}

void CheckOrigin(Origin origin, const AppraisalPolicy& policy, std::vector<Finding>& findings) {
  if (origin == Origin::kRecovering) {
    findings.push_back({.check = "origin",
                        .expected = "generated or recovered",
                        .actual = std::string(OriginName(origin)),
                        .meaning = "the enclave does not have the environment's key yet: nothing can be sealed to it"});
  }
  if (origin == Origin::kRecovered && !policy.operator_can_recover) {
    findings.push_back({.check = "origin",
                        .expected = "generated",
                        .actual = std::string(OriginName(origin)),
                        .meaning = "the charter lets nobody recover the environment's key, and somebody did"});
  }
}

// One claim per participant, in the charter's order, each proved.
void CheckRecipients(const EnclaveAnswer& answer, const EnclaveTerms& terms, std::vector<Finding>& findings) {
  const std::string meaning =
      "a recipient is not the one that the enclave's evidence commits to: files sealed to it "
      "could be read by somebody else";
  if (answer.recipients.size() != terms.participants.size()) {
    findings.push_back({.check = "recipients",
                        .expected = std::to_string(terms.participants.size()),
                        .actual = std::to_string(answer.recipients.size()),
                        .meaning = meaning});
    return;
  }
  for (std::size_t i = 0; i < answer.recipients.size(); ++i) {
    const RecipientClaim& claim = answer.recipients[i];
    const bool holds = claim.index == i && claim.recipient.thumbprint == terms.participants[i] &&
                       VerifyRecipient(claim, terms.participants.size(), answer.recipient_commitment).has_value();
    if (holds) continue;
    findings.push_back({.check = "recipients",
                        .expected = "participant " + terms.participants[i] + " with a proof under " +
                                    codec::HexEncode(answer.recipient_commitment),
                        .actual = claim.recipient.thumbprint + " " + claim.recipient.recipient,
                        .meaning = meaning});
  }
}

}  // namespace

Result<EnclaveAnswer> DecodeEnclaveAnswer(const codec::Json& json) {
  codec::ObjectReader in(json, "evidence answer");
  const codec::Json& evidence = in.Any("evidence");
  const codec::JsonArray& endorsements = in.Array("endorsements", kEndorsementsMax);
  const Origin origin = ReadOrigin(in);
  const auto boot_entry = static_cast<std::uint64_t>(in.Integer("boot_entry", 0, kLedgerSizeMax));
  const codec::Json& keys_json = in.Any("keys");
  const Digest256 charter = in.HexDigest("charter");
  const Digest256 commitment = in.HexDigest("recipient_commitment");
  const codec::JsonArray& recipients = in.Array("recipients", kRecipientsMax);
  CLOISTER_TRY(in.Finish());

  CLOISTER_ASSIGN(const BootKeys keys, DecodeBootKeys(keys_json, in.Path("keys")));
  EnclaveAnswer answer{.evidence = {},
                       .endorsements = endorsements,
                       .origin = origin,
                       .boot_entry = boot_entry,
                       .keys = keys,
                       .charter = charter,
                       .recipient_commitment = commitment};
  CLOISTER_ASSIGN(answer.evidence, DecodeEvidence(evidence, in.Path("evidence")));
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    CLOISTER_ASSIGN(RecipientClaim claim, DecodeClaim(recipients[i], in.Path("recipients[" + std::to_string(i) + "]")));
    answer.recipients.push_back(std::move(claim));
  }
  return answer;
}

codec::Json EncodeEnclaveAnswer(const EnclaveAnswer& answer) {
  codec::JsonArray recipients;
  for (const RecipientClaim& claim : answer.recipients) recipients.push_back(EncodeClaim(claim));
  codec::JsonObject json;
  json["evidence"] = EncodeEvidence(answer.evidence);
  json["endorsements"] = answer.endorsements;
  json["origin"] = OriginName(answer.origin);
  json["boot_entry"] = static_cast<std::int64_t>(answer.boot_entry);
  json["keys"] = EncodeBootKeys(answer.keys);
  json["charter"] = codec::HexEncode(answer.charter);
  json["recipient_commitment"] = codec::HexEncode(answer.recipient_commitment);
  json["recipients"] = std::move(recipients);
  return json;
}

VerifiedEnclave::VerifiedEnclave(AttestationResult attestation, const EnclaveAnswer& answer)
    : attestation_(std::move(attestation)),
      origin_(answer.origin),
      boot_entry_(answer.boot_entry),
      keys_(answer.keys),
      charter_(answer.charter),
      recipient_commitment_(answer.recipient_commitment) {
  for (const RecipientClaim& claim : answer.recipients) recipients_.push_back(claim.recipient);
}

Result<std::string> VerifiedEnclave::RecipientOf(std::string_view thumbprint) const {
  const auto at = std::find_if(recipients_.begin(), recipients_.end(),
                               [&](const DatasetRecipient& one) { return one.thumbprint == thumbprint; });
  if (at == recipients_.end()) return NotFound("the enclave has no recipient for this participant");
  return at->recipient;
}

EnclaveVerdict AppraiseEnclave(const EnclaveAnswer& answer, const EnclaveExpectation& expectation) {
  std::vector<Finding> findings;
  CheckCharter(answer, expectation.terms, findings);
  CheckOrigin(answer.origin, expectation.terms.policy, findings);
  CheckRecipients(answer, expectation.terms, findings);
  const Appraisal evidence =
      Verifier::Appraise({.evidence = answer.evidence,
                          .endorsements = answer.endorsements,
                          .binding = Binding({.origin = answer.origin,
                                              .keys = answer.keys,
                                              .recipient_commitment = answer.recipient_commitment,
                                              .charter = expectation.terms.charter,
                                              .nonce = expectation.nonce}),
                          .policy = expectation.terms.policy,
                          .now = expectation.now});
  findings.insert(findings.end(), evidence.findings().begin(), evidence.findings().end());
  if (!findings.empty()) return {.appraisal = Appraisal(std::move(findings))};
  return {.appraisal = evidence, .enclave = VerifiedEnclave(*evidence.result(), answer)};
}

Result<Appraisal> AppraiseBootEntry(const codec::Json& boot_entry, const EnclaveTerms& terms, Instant now) {
  codec::ObjectReader in(boot_entry, "boot");
  if (in.String("kind") != "boot") in.Fail("kind", "must be boot");
  (void)in.String("time");
  (void)in.Integer("boot", 0, kLedgerSizeMax);
  (void)in.Integer("protocol", 1, 1);
  const Origin origin = ReadOrigin(in);
  const codec::Json& keys_json = in.Any("keys");
  const Digest256 charter = in.HexDigest("charter");
  const Digest256 commitment = in.HexDigest("recipient_commitment");
  const codec::Json& evidence_json = in.Any("evidence");
  const codec::JsonArray& endorsements = in.Array("endorsements", kEndorsementsMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const BootKeys keys, DecodeBootKeys(keys_json, in.Path("keys")));
  CLOISTER_ASSIGN(const Evidence evidence, DecodeEvidence(evidence_json, in.Path("evidence")));
  if (charter != terms.charter) return VerificationFailed("the boot entry names another charter than the one given");
  std::vector<Finding> findings;
  CheckOrigin(origin, terms.policy, findings);
  const Appraisal appraisal = Verifier::Appraise({.evidence = evidence,
                                                  .endorsements = endorsements,
                                                  .binding = Binding({.origin = origin,
                                                                      .keys = keys,
                                                                      .recipient_commitment = commitment,
                                                                      .charter = charter,
                                                                      .nonce = kArchiveNonce}),
                                                  .policy = terms.policy,
                                                  .now = now});
  findings.insert(findings.end(), appraisal.findings().begin(), appraisal.findings().end());
  if (!findings.empty()) return Appraisal(std::move(findings));
  return appraisal;
}

}  // namespace cloister::attestation
