#include "attestation/explain.h"

#include "codec/text.h"

namespace cloister::attestation {
namespace {

codec::JsonArray Texts(const std::vector<std::string>& texts) {
  codec::JsonArray array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace

std::vector<std::string> ExplainAppraisal(const Appraisal& appraisal) {
  std::vector<std::string> lines;
  if (const AttestationResult* result = appraisal.result()) {
    lines.push_back("evidence accepted: " + std::string(EvidenceKindName(result->kind())) + ", program " +
                    codec::HexEncode(result->measurement()));
    for (const std::string& sentence : result->proves()) lines.push_back("proves: " + sentence);
    for (const std::string& sentence : result->does_not_prove()) lines.push_back("does not prove: " + sentence);
    return lines;
  }
  lines.emplace_back("evidence refused");
  for (const Finding& finding : appraisal.findings()) {
    lines.push_back(finding.check + ": " + finding.meaning);
    lines.push_back("  expected " + finding.expected);
    lines.push_back("  found    " + finding.actual);
  }
  return lines;
}

codec::Json AppraisalJson(const Appraisal& appraisal) {
  codec::JsonObject json;
  codec::JsonArray findings;
  for (const Finding& finding : appraisal.findings()) {
    codec::JsonObject item;
    item["check"] = finding.check;
    item["expected"] = finding.expected;
    item["actual"] = finding.actual;
    item["meaning"] = finding.meaning;
    findings.push_back(std::move(item));
  }
  const AttestationResult* result = appraisal.result();
  json["verified"] = result != nullptr;
  if (result != nullptr) {
    json["kind"] = EvidenceKindName(result->kind());
    json["measurement"] = codec::HexEncode(result->measurement());
    json["evidence"] = codec::HexEncode(result->evidence_digest());
    json["appraised_at"] = FormatRfc3339(result->appraised_at());
    json["proves"] = Texts(result->proves());
    json["does_not_prove"] = Texts(result->does_not_prove());
  }
  json["findings"] = std::move(findings);
  return json;
}

}  // namespace cloister::attestation
