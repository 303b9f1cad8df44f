#pragma once

// The JSON Schema (draft 2020-12) of policies and policy files, for editors and for people who write one by hand. It
// says what can be said without the dataset's own schema; DecodePolicyFile decides.

#include <string_view>

namespace cloister::agreement {

// The bytes of api/policy.schema.json.
std::string_view PolicyJsonSchema();

}  // namespace cloister::agreement
