#pragma once

// Evidence (RFC 9334 section 8.1): what an attester says about itself, in one of the kinds below.
//
// JSON: {"kind":"simulated","statement":"<jws>"}; its digest is SHA-256 of its canonical form.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::attestation {

// Kinds of hardware evidence take their place beside the first one.
enum class EvidenceKind {
  kSimulated,  // a signature by a key that everyone has
};
std::string_view EvidenceKindName(EvidenceKind kind);
Result<EvidenceKind> ParseEvidenceKind(std::string_view name);

struct Evidence {
  EvidenceKind kind = EvidenceKind::kSimulated;
  std::string statement = {};  // of kSimulated: its JWS, unverified
  bool operator==(const Evidence&) const = default;
};

codec::Json EncodeEvidence(const Evidence& evidence);
Result<Evidence> DecodeEvidence(const codec::Json& json, const std::string& where);
Digest256 EvidenceDigest(const Evidence& evidence);

}  // namespace cloister::attestation
