#pragma once

// A policy as an owner keeps it: the policy, and beside it the tests that it must pass before it is saved or signed.
//
//   {"policy":{"levels":[...],...},                        docs/formats/policy.md, or
//    "policy":{"preset":"aggregates_only","privacy_unit":"patient_id"},
//    "tests":[{"name":"no single patient","query_text":"SELECT patient_id FROM visits",
//              "expect":"refused","rule":"R04"},
//             {"name":"people by ward","expect":"accepted",
//              "query_text":"SELECT ward, COUNT(DISTINCT patient_id) FROM visits GROUP BY ward"}]}
//
// A file that holds neither member is the policy itself. The tests do not go into the manifest: they are the owner's,
// and what binds others is the policy alone.
//
// Values; thread-compatible.

#include <optional>
#include <string>
#include <vector>

#include "agreement/policy.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::agreement {

inline constexpr std::size_t kPolicyTestsMax = 256;
inline constexpr std::size_t kPolicyFileBytesMax = 1 << 20;

struct PolicyTest {
  std::string name;
  std::string query;
  std::optional<Level> level;  // absent: the first that the policy grants, in the order of policy.md
  codec::JsonObject parameters;
  bool refused = true;             // what is expected
  std::optional<std::string> rule;  // of a refusal: a finding of this rule must be among those found
  // E-mail address or thumbprint of who asks; absent: somebody of another organisation whom the policy lets ask.
  std::optional<std::string> as;
};

struct PolicyFile {
  DatasetPolicy policy;
  std::vector<PolicyTest> tests;
};

Result<PolicyFile> DecodePolicyFile(const codec::Json& json, const DatasetSchema& schema, const std::string& where);
// The policy alone, written out or as {"preset","privacy_unit"}.
Result<DatasetPolicy> DecodePolicyOrPreset(const codec::Json& json, const DatasetSchema& schema,
                                           const std::string& where);

// The level that a test asks at.
std::string LevelOfTest(const PolicyTest& test, const DatasetPolicy& policy);

// What the compiler said of a test's query: whether it was refused, and by which rules.
struct TestVerdict {
  bool refused = false;
  std::vector<std::string> rules;
};
// Nothing when the test is passed; otherwise what was expected and what came instead.
std::optional<std::string> TestFailure(const PolicyTest& test, const TestVerdict& verdict);

}  // namespace cloister::agreement
