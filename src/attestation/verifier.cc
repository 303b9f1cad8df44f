#include "attestation/verifier.h"

#include <algorithm>

#include "attestation/simulated/simulated.h"
#include "codec/text.h"

namespace cloister::attestation {
namespace {

using Findings = std::vector<Finding>;

std::string KindNames(const std::vector<EvidenceKind>& kinds) {
  std::string names;
  for (const EvidenceKind kind : kinds) names += (names.empty() ? "" : ", ") + std::string(EvidenceKindName(kind));
  return names.empty() ? "nothing" : names;
}

std::string HexList(const std::vector<Digest256>& digests) {
  std::string text;
  for (const Digest256& digest : digests) text += (text.empty() ? "" : ", ") + codec::HexEncode(digest);
  return text.empty() ? "nothing" : text;
}

// One check, one function; all of them run.
void CheckKind(const AppraisalRequest& request, Findings& findings) {
  const auto& accept = request.policy.accept;
  if (std::find(accept.begin(), accept.end(), request.evidence.kind) != accept.end()) return;
  findings.push_back({.check = "evidence.kind",
                      .expected = KindNames(accept),
                      .actual = std::string(EvidenceKindName(request.evidence.kind)),
                      .meaning = "the charter does not accept evidence of this kind"});
}

void CheckEndorsements(const AppraisalRequest& request, Findings& findings) {
  if (request.endorsements.empty()) return;
  findings.push_back({.check = "endorsements",
                      .expected = "none with simulated evidence",
                      .actual = std::to_string(request.endorsements.size()),
                      .meaning = "something was added that nobody can check"});
}

void CheckBinding(const SimulatedStatement& statement, const AppraisalRequest& request, Findings& findings) {
  if (statement.report_data == request.binding) return;
  findings.push_back({.check = "binding",
                      .expected = codec::HexEncode(request.binding),
                      .actual = codec::HexEncode(statement.report_data),
                      .meaning = "the evidence is about other keys, another charter, other recipients, or is not "
                                 "fresh: do not seal or sign anything for this enclave"});
}

void CheckMeasurement(const SimulatedStatement& statement, const AppraisalRequest& request, Findings& findings) {
  const auto& known = request.policy.measurements;
  if (std::find(known.begin(), known.end(), statement.measurement) != known.end()) return;
  findings.push_back({.check = "measurement",
                      .expected = HexList(known),
                      .actual = codec::HexEncode(statement.measurement),
                      .meaning = "the enclave says that it runs a program that the charter does not name"});
}

std::vector<std::string> WhatSimulatedProves() {
  return {"whoever answered knows the charter, the recipients and your nonce, and offers these keys for them"};
}

std::vector<std::string> WhatSimulatedDoesNotProve(const AppraisalPolicy& policy) {
  std::vector<std::string> sentences = {
      "simulated evidence proves nothing about hardware: anyone who can run a program can make it",
      "that the program is the one named by its measurement, and that its memory is closed to the operator"};
  if (policy.operator_can_recover) {
    sentences.emplace_back("the charter lets the operator recover the environment key: the operator could read this");
  }
  return sentences;
}

}  // namespace

Appraisal Verifier::Appraise(const AppraisalRequest& request) {
  Findings findings;
  CheckKind(request, findings);
  CheckEndorsements(request, findings);
  const Result<SimulatedStatement> statement = VerifySimulatedEvidence(request.evidence.statement);
  if (!statement) {
    findings.push_back({.check = "evidence.signature",
                        .expected = "a statement signed by the simulated attester",
                        .actual = statement.error().public_message,
                        .meaning = "this is not evidence at all"});
    return Appraisal(std::move(findings));
  }
  CheckBinding(*statement, request, findings);
  CheckMeasurement(*statement, request, findings);
  if (!findings.empty()) return Appraisal(std::move(findings));

  AttestationResult result;
  result.kind_ = request.evidence.kind;
  result.measurement_ = statement->measurement;
  result.evidence_digest_ = EvidenceDigest(request.evidence);
  result.appraised_at_ = request.now;
  result.proves_ = WhatSimulatedProves();
  result.does_not_prove_ = WhatSimulatedDoesNotProve(request.policy);
  return Appraisal(std::move(result));
}

}  // namespace cloister::attestation
