#pragma once

// Wycheproof files (C2SP/wycheproof): groups of tests, each with `result` valid, invalid or acceptable. A
// group's `type` says what its tests do, the file's `algorithm` with what.
//
// What the product implements is asked of the product (crypto/); for other algorithms of the same schemas the
// OpenSSL that it links is asked directly, with the checks that the schema's documentation asks of a caller.
// A type or algorithm that neither knows throws VectorError, which fails the file.

#include <functional>
#include <string>
#include <string_view>

#include "vectors/vector_json.h"

namespace cloister::vectors {

enum class Answer {
  kRefused,
  kAccepted,  // it opened, verified or agreed, and on what the test says
  kWrong,     // two directions of one operation do not agree; right for no `result`
};
inline Answer AcceptedIf(bool accepted) { return accepted ? Answer::kAccepted : Answer::kRefused; }

// One test with what stands around it. References into the file.
struct WycheproofTest {
  std::string algorithm;  // the file's; empty where its schema has none
  std::string type;       // the group's
  const JsonObject& group;
  const JsonObject& test;
};

// Each answers for the types it knows, and is asked only for these.
bool KnowsSignatureType(std::string_view type);
Answer CheckSignature(const WycheproofTest& test);
bool KnowsCipherType(std::string_view type);
Answer CheckCipher(const WycheproofTest& test);
bool KnowsMacType(std::string_view type);
Answer CheckMac(const WycheproofTest& test);
bool KnowsAgreementType(std::string_view type);
Answer CheckAgreement(const WycheproofTest& test);
bool KnowsRsaType(std::string_view type);
Answer CheckRsa(const WycheproofTest& test);
bool KnowsJoseType(std::string_view type);
Answer CheckJose(const WycheproofTest& test);

}  // namespace cloister::vectors
