#pragma once

// A cell of a result, as the engine's typed vectors have it; no text form loses a digit on the way.

#include <cstdint>
#include <string>
#include <variant>

#include "codec/sql_text.h"

namespace cloister::engine {

using codec::Int128;

struct Decimal {
  Int128 unscaled = 0;  // 12.34 is {1234, 2}
  int scale = 0;
  bool operator==(const Decimal&) const = default;
};
struct Date {
  std::int32_t days = 0;  // since 1970-01-01, proleptic Gregorian
  bool operator==(const Date&) const = default;
};
struct Timestamp {
  std::int64_t micros = 0;  // since 1970-01-01T00:00:00 in UTC
  bool operator==(const Timestamp&) const = default;
};

// std::monostate is NULL. BOOLEAN is bool; TINYINT to BIGINT, and unsigned ones up to 32 bit, are
// std::int64_t; HUGEINT and UBIGINT are Int128; FLOAT and DOUBLE are double. Texts of the others:
// codec/sql_text.h.
using Value =
    std::variant<std::monostate, bool, std::int64_t, Int128, double, Decimal, std::string, Date, Timestamp>;

inline bool IsNull(const Value& value) { return std::holds_alternative<std::monostate>(value); }

}  // namespace cloister::engine
