#pragma once

// The changes that a case makes to a copy of an input before it runs: the vocabulary of `mutations` in the
// vectors' README. An operation or member outside it throws VectorError.

#include <string>

#include "vectors/vector_json.h"

namespace cloister::vectors {

// Applies one element of `mutations` to `input`.
//
//   {"op": "xor", "input": "report", "offset": 21, "value": 128}
//   {"op": "json_set", "input": "jwks", "key": "keys[0].e", "value": "AAAD"}
void Mutate(const JsonObject& mutation, Bytes& input);

}  // namespace cloister::vectors
