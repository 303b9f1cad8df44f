#pragma once

// SQL values as text, as CSV and JSON files carry them and results show them. Reading is exact: nothing is
// trimmed, rounded or guessed, and a text that is not wholly a value of the type is none. The client that
// checks a file before it seals it and the enclave that loads it call these same functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloister::codec {

__extension__ typedef __int128 Int128;

// DECIMAL(precision, scale) has at most this many digits; any such number fits Int128.
inline constexpr int kDecimalPrecisionMax = 38;

// true, false, in any case.
std::optional<bool> ParseSqlBoolean(std::string_view text);
// -?[0-9]+ within the type.
std::optional<std::int32_t> ParseSqlInteger(std::string_view text);
std::optional<std::int64_t> ParseSqlBigint(std::string_view text);
// A finite decimal number, with or without an exponent, within the type's range.
std::optional<double> ParseSqlDouble(std::string_view text);
// "12.34" for (4, 2) is 1234. Digits beyond the scale must be zeros; no exponent.
struct DecimalShape {
  int precision = 18;
  int scale = 0;
};
std::optional<Int128> ParseSqlDecimal(std::string_view text, DecimalShape shape);
// YYYY-MM-DD of the proleptic Gregorian calendar, years 0001 to 9999; days since 1970-01-01.
std::optional<std::int32_t> ParseSqlDate(std::string_view text);
// YYYY-MM-DD[(T| )hh:mm:ss[.f{1,6}][Z|+00:00]]; microseconds since 1970-01-01T00:00:00 in UTC.
std::optional<std::int64_t> ParseSqlTimestamp(std::string_view text);

// The texts that the functions above read back to the same value. Dates outside of years 1 to 9999, which
// only arithmetic can make, are written with as many digits as it takes and a sign.
std::string FormatSqlHugeint(Int128 value);
std::string FormatSqlDecimal(Int128 unscaled, int scale);
std::string FormatSqlDate(std::int32_t days);
std::string FormatSqlTimestamp(std::int64_t micros);

}  // namespace cloister::codec
