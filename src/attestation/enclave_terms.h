#pragma once

// What a verifier needs from a charter. This room stands beside agreement/ and does not include it: it reads
// the JSON that agreement::EncodeCharter writes of a charter that agreement has already checked in full, so
// members that are not the verifier's business are not looked at again here.
//
//   attestation::ReadTerms(agreement::EncodeCharter(charter))

#include <string>
#include <vector>

#include "attestation/verifier.h"
#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::attestation {

struct EnclaveTerms {
  Digest256 charter{};                         // SHA-256 of the charter's canonical bytes
  std::vector<std::string> participants = {};  // thumbprints, in the charter's order
  AppraisalPolicy policy = {};
};

// kInvalidArgument when a member is missing or names a kind of evidence that this version cannot appraise.
Result<EnclaveTerms> ReadTerms(const codec::Json& charter);

}  // namespace cloister::attestation
