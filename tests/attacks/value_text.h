#pragma once

// Values of answers as checks compare them.

#include <optional>
#include <string>
#include <string_view>

#include "codec/json.h"
#include "engine/value.h"

namespace cloister::attacks {

// Of any numeric type.
std::optional<double> NumberOf(const engine::Value& value);
// Equal texts, both NULL, or numbers within a millionth.
bool Matches(const engine::Value& value, const codec::Json& wanted);
// Different values have different texts.
std::string ValueText(const engine::Value& value);

}  // namespace cloister::attacks
