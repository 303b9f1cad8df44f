#include "engine/result_json.h"

#include <gtest/gtest.h>

#include <limits>

#include "codec/json.h"

namespace cloister::engine {
namespace {

std::string Trimmed(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string JsonOfRow(const std::vector<sql::PlanColumn>& columns, const std::vector<Value>& row) {
  JsonResultWriter writer(columns, 1 << 20);
  EXPECT_TRUE(writer.Row(row).has_value());
  return Trimmed(writer.Finish());
}

std::string JsonOfValue(const Value& value) {
  const std::string text = JsonOfRow({{"c", "T"}}, {value});
  const std::string_view before = R"({"columns":[{"name":"c","type":"T"}],"rows":[[)";
  EXPECT_TRUE(text.starts_with(before)) << text;
  return text.substr(before.size(), text.size() - before.size() - 3);
}

TEST(ResultJson, WritesColumnsAndRows) {
  JsonResultWriter writer({{"ci\"ty", "VARCHAR"}, {"n", "BIGINT"}}, 1 << 20);
  ASSERT_TRUE(writer.Row(std::vector<Value>{std::string("Basel\n"), std::int64_t{120}}).has_value());
  ASSERT_TRUE(writer.Row(std::vector<Value>{std::string("Zürich"), std::monostate{}}).has_value());
  EXPECT_EQ(
      Trimmed(writer.Finish()),
      R"({"columns":[{"name":"ci\"ty","type":"VARCHAR"},{"name":"n","type":"BIGINT"}],)"
      R"("rows":[["Basel\n",120],["Zürich",null]]})");
}

TEST(ResultJson, AnEmptyResultIsAResult) {
  JsonResultWriter writer({{"n", "BIGINT"}}, 1 << 20);
  EXPECT_EQ(Trimmed(writer.Finish()), R"({"columns":[{"name":"n","type":"BIGINT"}],"rows":[]})");
}

TEST(ResultJson, NoNumberLosesADigit) {
  EXPECT_EQ(JsonOfValue(std::int64_t{9007199254740992}), "9007199254740992");
  EXPECT_EQ(JsonOfValue(std::int64_t{9007199254740993}), "\"9007199254740993\"");
  EXPECT_EQ(JsonOfValue(std::int64_t{-9007199254740993}), "\"-9007199254740993\"");
  EXPECT_EQ(JsonOfValue(Int128{1} << 100), "\"1267650600228229401496703205376\"");
  EXPECT_EQ(JsonOfValue(Int128{7}), "7");
  EXPECT_EQ(JsonOfValue(Decimal{1230, 2}), "\"12.30\"");
  EXPECT_EQ(JsonOfValue(0.1), "0.1");
  EXPECT_EQ(JsonOfValue(1e300), "1e+300");
  EXPECT_EQ(JsonOfValue(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
  EXPECT_EQ(JsonOfValue(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
}

TEST(ResultJson, WritesTheOtherTypes) {
  EXPECT_EQ(JsonOfValue(true), "true");
  EXPECT_EQ(JsonOfValue(Date{20779}), "\"2026-11-22\"");
  EXPECT_EQ(JsonOfValue(Timestamp{1}), "\"1970-01-01T00:00:00.000001\"");
  EXPECT_EQ(JsonOfValue(std::string("\x01\"\\")), R"("\u0001\"\\")");
}

TEST(ResultJson, IsPaddedToABandThatJsonReadersIgnore) {
  EXPECT_EQ(ResultBandBytes(1), 4096u);
  EXPECT_EQ(ResultBandBytes(4096), 4096u);
  EXPECT_EQ(ResultBandBytes(4097), 8192u);
  JsonResultWriter writer({{"s", "VARCHAR"}}, 1 << 20);
  ASSERT_TRUE(writer.Row(std::vector<Value>{std::string(5000, 'x')}).has_value());
  const std::string text = writer.Finish();
  EXPECT_EQ(text.size(), 8192u);
  EXPECT_TRUE(codec::ParseJson(text).has_value());
}

TEST(ResultJson, HasABound) {
  JsonResultWriter writer({{"s", "VARCHAR"}}, 200);
  EXPECT_TRUE(writer.Row(std::vector<Value>{std::string(100, 'x')}).has_value());
  EXPECT_EQ(writer.Row(std::vector<Value>{std::string(100, 'x')}).error().code, Code::kResourceExhausted);
}

}  // namespace
}  // namespace cloister::engine
