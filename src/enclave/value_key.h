#pragma once

#include <string>

#include "engine/value.h"

namespace cloister::enclave {

// A text for each different value of a column: values of one column are of one type. NULL is "-".
std::string KeyOf(const engine::Value& value);

}  // namespace cloister::enclave
