#include "codec/sql_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace cloister::codec {
namespace {

TEST(SqlText, ReadsBooleansInAnyCaseAndNothingElse) {
  EXPECT_EQ(ParseSqlBoolean("true"), true);
  EXPECT_EQ(ParseSqlBoolean("False"), false);
  EXPECT_EQ(ParseSqlBoolean("TRUE"), true);
  for (const char* text : {"", "1", "t", "yes", "true ", "tRuE\n", "\x14RUE"})
    EXPECT_FALSE(ParseSqlBoolean(text)) << text;
}

TEST(SqlText, ReadsWholeIntegersWithinTheirType) {
  EXPECT_EQ(ParseSqlInteger("-2147483648"), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(ParseSqlInteger("007"), 7);
  EXPECT_EQ(ParseSqlBigint("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(ParseSqlInteger("2147483648"));
  EXPECT_FALSE(ParseSqlBigint("9223372036854775808"));
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1_000", "--1"}) {
    EXPECT_FALSE(ParseSqlBigint(text)) << text;
  }
}

TEST(SqlText, ReadsFiniteDoublesOnly) {
  EXPECT_EQ(ParseSqlDouble("1.5e3"), 1500.0);
  EXPECT_EQ(ParseSqlDouble("-0.1"), -0.1);
  EXPECT_EQ(ParseSqlDouble("42"), 42.0);
  for (const char* text :
       {"", "nan", "NaN", "inf", "-Infinity", "1e400", "0x1p3", "1,5", "1.5 ", "+1", "e5"}) {
    EXPECT_FALSE(ParseSqlDouble(text)) << text;
  }
}

TEST(SqlText, ReadsDecimalsWithoutRounding) {
  EXPECT_EQ(ParseSqlDecimal("12.34", {.precision = 4, .scale = 2}), Int128{1234});
  EXPECT_EQ(ParseSqlDecimal("-0.5", {.precision = 4, .scale = 2}), Int128{-50});
  EXPECT_EQ(ParseSqlDecimal("7", {.precision = 4, .scale = 2}), Int128{700});
  EXPECT_EQ(ParseSqlDecimal("0012.3400", {.precision = 4, .scale = 2}), Int128{1234});
  EXPECT_EQ(ParseSqlDecimal(".5", {.precision = 4, .scale = 2}), Int128{50});
  EXPECT_FALSE(ParseSqlDecimal("12.345", {.precision = 9, .scale = 2}));
  EXPECT_FALSE(ParseSqlDecimal("100", {.precision = 4, .scale = 2}));
  for (const char* text : {"", "-", ".", "1e3", "1.2.3", "+1", "1,0", "12a", "--1", "1.-"}) {
    EXPECT_FALSE(ParseSqlDecimal(text, {.precision = 18, .scale = 2})) << text;
  }
  const std::string widest(kDecimalPrecisionMax, '9');
  EXPECT_EQ(FormatSqlDecimal(*ParseSqlDecimal(widest, {.precision = 38, .scale = 0}), 0), widest);
  EXPECT_FALSE(ParseSqlDecimal(widest + "0", {.precision = 38, .scale = 0}));
}

TEST(SqlText, ReadsDatesOfTheCalendar) {
  EXPECT_EQ(ParseSqlDate("1970-01-01"), 0);
  EXPECT_EQ(ParseSqlDate("2026-11-22"), 20779);
  EXPECT_EQ(ParseSqlDate("2000-02-29"), 11016);
  EXPECT_EQ(ParseSqlDate("0001-01-01"), -719162);
  for (const char* text :
       {"", "2025-02-29", "1900-02-29", "2025-13-01", "2025-00-10", "2025-1-1", "0000-01-01", "2025-04-31",
        "2025/01/01", "2025-01-01 ", "20250101", "-001-01-01"}) {
    EXPECT_FALSE(ParseSqlDate(text)) << text;
  }
}

TEST(SqlText, EveryDayOfEightCenturiesReadsBackAsItself) {
  const auto first = *ParseSqlDate("1600-01-01");
  const auto last = *ParseSqlDate("2399-12-31");
  std::string previous;
  for (std::int32_t day = first; day <= last; ++day) {
    const std::string text = FormatSqlDate(day);
    ASSERT_EQ(ParseSqlDate(text), day) << text;
    ASSERT_LT(previous, text);
    previous = text;
  }
}

TEST(SqlText, ReadsTimestampsAsUtc) {
  EXPECT_EQ(ParseSqlTimestamp("1970-01-01T00:00:01"), 1'000'000);
  EXPECT_EQ(ParseSqlTimestamp("1970-01-01 00:00:01.5Z"), 1'500'000);
  EXPECT_EQ(ParseSqlTimestamp("1970-01-02"), 86'400'000'000);
  EXPECT_EQ(ParseSqlTimestamp("1970-01-01T00:00:00.000001+00:00"), 1);
  EXPECT_EQ(ParseSqlTimestamp("1969-12-31T23:59:59.999999"), -1);
  for (const char* text :
       {"", "1970-01-01T", "1970-01-01T24:00:00", "1970-01-01T00:60:00", "1970-01-01T00:00",
        "1970-01-01T00:00:00.", "1970-01-01T00:00:00.1234567", "1970-01-01T00:00:00+01:00",
        "1970-01-01x00:00:00", "1970-01-01T00:00:00.5Z ", "1970-01-01Z"}) {
    EXPECT_FALSE(ParseSqlTimestamp(text)) << text;
  }
}

TEST(SqlText, WritesWhatItReads) {
  EXPECT_EQ(FormatSqlTimestamp(*ParseSqlTimestamp("2026-11-22 08:36:00.000120")),
            "2026-11-22T08:36:00.000120");
  EXPECT_EQ(FormatSqlTimestamp(-1), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(FormatSqlTimestamp(0), "1970-01-01T00:00:00");
  EXPECT_EQ(FormatSqlDecimal(-5, 2), "-0.05");
  EXPECT_EQ(FormatSqlDecimal(1234, 2), "12.34");
  EXPECT_EQ(FormatSqlDecimal(0, 0), "0");
  const Int128 lowest = static_cast<Int128>(1) << 126;
  EXPECT_EQ(FormatSqlHugeint(-lowest - lowest), "-170141183460469231731687303715884105728");
}

}  // namespace
}  // namespace cloister::codec
