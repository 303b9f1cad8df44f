#include "codec/sql_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/check.h"

namespace cloister::codec {
namespace {

__extension__ typedef unsigned __int128 UnsignedInt128;

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <typename Number>
std::optional<Number> ParseWhole(std::string_view text) {
  Number number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

// Exactly `digits` digits at `from`; -1 if there is anything else.
int Digits(std::string_view text, std::size_t from, std::size_t digits) {
  if (text.size() < from + digits) return -1;
  int number = 0;
  for (std::size_t i = from; i < from + digits; ++i) {
    if (!IsDigit(text[i])) return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

bool IsLeapYear(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int DaysInMonth(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

// Eras of 400 years have 146097 days; a year that begins in March has its leap day last, so a day's number in
// it does not depend on leap years: (153 m + 2) / 5 days lie before its month m.
std::int64_t DaysFromCivil(std::int64_t year, int month, int day) {
  if (month <= 2) --year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

struct Civil {
  std::int64_t year = 0;
  int month = 0;
  int day = 0;
};

Civil CivilFromDays(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int march_month = static_cast<int>((5 * day_of_year + 2) / 153);
  const int month = march_month < 10 ? march_month + 3 : march_month - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<int>(day_of_year - (153 * march_month + 2) / 5 + 1)};
}

// ".f{1,6}" as microseconds, or -1.
std::int64_t ParseFraction(std::string_view text) {
  if (text.size() < 2 || text.size() > 7 || text[0] != '.') return -1;
  std::int64_t micros = 0;
  for (std::size_t i = 1; i < 7; ++i) {
    const char c = i < text.size() ? text[i] : '0';
    if (!IsDigit(c)) return -1;
    micros = micros * 10 + (c - '0');
  }
  return micros;
}

// "hh:mm:ss[.f{1,6}]" as microseconds of the day, or -1.
std::int64_t ParseTimeOfDay(std::string_view text) {
  const int hour = Digits(text, 0, 2);
  const int minute = Digits(text, 3, 2);
  const int second = Digits(text, 6, 2);
  if (hour < 0 || minute < 0 || second < 0 || text[2] != ':' || text[5] != ':') return -1;
  if (hour > 23 || minute > 59 || second > 59) return -1;
  const std::int64_t fraction = text.size() == 8 ? 0 : ParseFraction(text.substr(8));
  if (fraction < 0) return -1;
  return ((hour * 60 + minute) * 60LL + second) * kMicrosPerSecond + fraction;
}

UnsignedInt128 Magnitude(Int128 value) {
  return value < 0 ? -static_cast<UnsignedInt128>(value) : static_cast<UnsignedInt128>(value);
}

std::string DigitsOf(UnsignedInt128 value) {
  std::array<char, 40> buffer{};
  auto at = buffer.end();
  do {
    *--at = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return {at, buffer.end()};
}

}  // namespace

std::optional<bool> ParseSqlBoolean(std::string_view text) {
  const auto equals = [&](std::string_view word) {
    if (text.size() != word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if ((text[i] | 0x20) != word[i]) return false;
    }
    return true;
  };
  if (equals("true")) return true;
  if (equals("false")) return false;
  return {};
}

std::optional<std::int32_t> ParseSqlInteger(std::string_view text) { return ParseWhole<std::int32_t>(text); }
std::optional<std::int64_t> ParseSqlBigint(std::string_view text) { return ParseWhole<std::int64_t>(text); }

std::optional<double> ParseSqlDouble(std::string_view text) {
  const auto number = ParseWhole<double>(text);
  if (!number || !std::isfinite(*number)) return {};  // from_chars reads "nan" and "inf"
  return number;
}

std::optional<Int128> ParseSqlDecimal(std::string_view text, DecimalShape shape) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (whole.empty() && fraction.empty()) return {};

  Int128 unscaled = 0;
  int significant = 0;
  const auto take = [&](char c) {
    if (!IsDigit(c)) return false;
    if (significant > 0 || c != '0') ++significant;
    if (significant > shape.precision) return false;
    unscaled = unscaled * 10 + (c - '0');
    return true;
  };
  for (char c : whole) {
    if (!take(c)) return {};
  }
  const auto scale = static_cast<std::size_t>(shape.scale);
  for (std::size_t i = 0; i < scale; ++i) {
    if (!take(i < fraction.size() ? fraction[i] : '0')) return {};
  }
  for (char c : fraction.substr(std::min(scale, fraction.size()))) {
    if (c != '0') return {};
  }
  return negative ? -unscaled : unscaled;
}

std::optional<std::int32_t> ParseSqlDate(std::string_view text) {
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || year < 1 || month < 1 || month > 12) return {};
  if (day < 1 || day > DaysInMonth(year, month)) return {};
  return static_cast<std::int32_t>(DaysFromCivil(year, month, day));
}

std::optional<std::int64_t> ParseSqlTimestamp(std::string_view text) {
  const auto days = ParseSqlDate(text.substr(0, std::min<std::size_t>(10, text.size())));
  if (!days) return {};
  std::int64_t time_of_day = 0;
  if (text.size() > 10) {
    if (text[10] != 'T' && text[10] != ' ') return {};
    std::string_view time = text.substr(11);
    if (time.ends_with('Z')) {
      time.remove_suffix(1);
    } else if (time.ends_with("+00:00")) {
      time.remove_suffix(6);
    }
    time_of_day = ParseTimeOfDay(time);
    if (time_of_day < 0) return {};
  }
  return *days * kMicrosPerDay + time_of_day;
}

std::string FormatSqlHugeint(Int128 value) { return (value < 0 ? "-" : "") + DigitsOf(Magnitude(value)); }

std::string FormatSqlDecimal(Int128 unscaled, int scale) {
  CLOISTER_CHECK(scale >= 0 && scale <= kDecimalPrecisionMax);
  std::string digits = DigitsOf(Magnitude(unscaled));
  const auto places = static_cast<std::size_t>(scale);
  if (places > 0) {
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, ".");
  }
  return (unscaled < 0 ? "-" : "") + digits;
}

std::string FormatSqlDate(std::int32_t days) {
  const Civil civil = CivilFromDays(days);
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%s%04lld-%02d-%02d", civil.year < 0 ? "-" : "",
                static_cast<long long>(civil.year < 0 ? -civil.year : civil.year), civil.month, civil.day);
  return buffer.data();
}

std::string FormatSqlTimestamp(std::int64_t micros) {
  std::int64_t days = micros / kMicrosPerDay;
  std::int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    --days;
    rest += kMicrosPerDay;
  }
  const std::int64_t seconds = rest / kMicrosPerSecond;
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "T%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  std::string text = FormatSqlDate(static_cast<std::int32_t>(days)) + buffer.data();
  if (const std::int64_t fraction = rest % kMicrosPerSecond; fraction != 0) {
    std::snprintf(buffer.data(), buffer.size(), ".%06d", static_cast<int>(fraction));
    text += buffer.data();
  }
  return text;
}

}  // namespace cloister::codec
