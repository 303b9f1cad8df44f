#include "attestation/evidence.h"

#include "base/check.h"
#include "crypto/digest.h"

namespace cloister::attestation {
namespace {

constexpr std::size_t kStatementBytesMax = 4096;

}  // namespace

std::string_view EvidenceKindName(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::kSimulated: return "simulated";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a kind of evidence outside its enumeration");
}

Result<EvidenceKind> ParseEvidenceKind(std::string_view name) {
  if (name == EvidenceKindName(EvidenceKind::kSimulated)) return EvidenceKind::kSimulated;
  return InvalidArgument("evidence of kind " + std::string(name) + " is not known in this version");
}

codec::Json EncodeEvidence(const Evidence& evidence) {
  codec::JsonObject json;
  json["kind"] = EvidenceKindName(evidence.kind);
  json["statement"] = evidence.statement;
  return json;
}

Result<Evidence> DecodeEvidence(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  const std::string kind = in.String("kind", 64);
  Evidence evidence;
  evidence.statement = in.String("statement", kStatementBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(evidence.kind, ParseEvidenceKind(kind));
  return evidence;
}

Digest256 EvidenceDigest(const Evidence& evidence) {
  return crypto::Sha256(AsBytes(codec::CanonicalJson(EncodeEvidence(evidence))));
}

}  // namespace cloister::attestation
