#pragma once

// A cell of a result, as the engine's typed vectors have it; no text form loses a digit on the way.

#include <cstdint>
#include <string>
#include <variant>

namespace cloister::engine {

__extension__ typedef __int128 Int128;

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
  std::int64_t micros = 0;  // since 1970-01-01T00:00:00, without a zone
  bool operator==(const Timestamp&) const = default;
};

// std::monostate is NULL. BOOLEAN is bool; TINYINT to BIGINT, and unsigned ones up to 32 bit, are std::int64_t; HUGEINT
// and UBIGINT are Int128; FLOAT and DOUBLE are double.
using Value = std::variant<std::monostate, bool, std::int64_t, Int128, double, Decimal, std::string, Date, Timestamp>;

inline bool IsNull(const Value& value) { return std::holds_alternative<std::monostate>(value); }

// "-170141183460469231731687303715884105728", "12.34", "2026-11-22", "2026-11-22T08:36:00.000001": the same spellings
// that load.h reads.
std::string ToText(Int128 value);
std::string ToText(const Decimal& value);
std::string ToText(Date value);
std::string ToText(Timestamp value);

}  // namespace cloister::engine
