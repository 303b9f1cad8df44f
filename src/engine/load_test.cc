#include "engine/load.h"

#include <gmock/gmock.h>

#include "engine/database_for_test.h"

namespace cloister::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::pair<std::string, std::string>> kAllTypes = {
    {"b", "BOOLEAN"},      {"i", "INTEGER"}, {"l", "BIGINT"}, {"d", "DOUBLE"},
    {"m", "DECIMAL(9,2)"}, {"s", "VARCHAR"}, {"day", "DATE"}, {"t", "TIMESTAMP"}};
const std::vector<std::string> kAllTypeNames = {"BOOLEAN",      "INTEGER", "BIGINT", "DOUBLE",
                                                "DECIMAL(9,2)", "VARCHAR", "DATE",   "TIMESTAMP"};

class LoadTest : public testing::Test {
 protected:
  std::string ErrorOf(FileFormat format, const std::vector<std::pair<std::string, std::string>>& columns,
                      std::string_view text) {
    auto loaded = LoadText(*database_, format, SchemaForTest(columns), text);
    EXPECT_FALSE(loaded.has_value()) << text;
    if (loaded) return "";
    EXPECT_EQ(loaded.error().code, Code::kInvalidArgument) << loaded.error().detail;
    EXPECT_FALSE(database_->Find("ds_test").has_value());
    EXPECT_FALSE(Select(*database_, "SELECT count(*) FROM ds_test", {"BIGINT"}).has_value()) << "the table stayed";
    return loaded.error().public_message;
  }
  std::string CsvError(const std::vector<std::pair<std::string, std::string>>& columns, std::string_view text) {
    return ErrorOf(FileFormat::kCsv, columns, text);
  }
  std::string JsonError(const std::vector<std::pair<std::string, std::string>>& columns, std::string_view text) {
    return ErrorOf(FileFormat::kJsonLines, columns, text);
  }

  std::unique_ptr<Database> database_ = DatabaseForTest();
};

TEST_F(LoadTest, CsvOfEveryType) {
  const auto info =
      LoadText(*database_, FileFormat::kCsv, SchemaForTest(kAllTypes),
               "b,i,l,d,m,s,day,t\r\n"
               "true,-1,9007199254740993,1.5,12.34,\"a, \"\"b\"\"\n\",2026-11-22,2026-11-22 08:36:00.5\r\n"
               ",,,,,,,\r\n"
               "false,0,-5,-0.25,-0.01,\"\",1969-12-31,1969-12-31T23:59:59Z");
  ASSERT_TRUE(info.has_value()) << info.error().public_message << info.error().detail;
  EXPECT_EQ(info->rows, 3);
  EXPECT_THAT(Select(*database_, "SELECT * FROM ds_test ORDER BY i NULLS FIRST", kAllTypeNames).value(),
              ElementsAre("NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
                          "true|-1|9007199254740993|1.500000|12.34|a, \"b\"\n|2026-11-22|2026-11-22T08:36:00.500000",
                          "false|0|-5|-0.250000|-0.01||1969-12-31|1969-12-31T23:59:59"));
}

TEST_F(LoadTest, DecimalsOfEveryWidth) {
  const auto schema =
      SchemaForTest({{"a", "DECIMAL(4,1)"}, {"b", "DECIMAL(9,0)"}, {"c", "DECIMAL(18,6)"}, {"d", "DECIMAL(38,2)"}});
  ASSERT_TRUE(LoadText(*database_, FileFormat::kCsv, schema,
                       "a,b,c,d\n-999.9,999999999,-123456789012.345678,999999999999999999999999999999999999.99\n")
                  .has_value());
  EXPECT_THAT(
      Select(*database_, "SELECT * FROM ds_test", {"DECIMAL(4,1)", "DECIMAL(9,0)", "DECIMAL(18,6)", "DECIMAL(38,2)"})
          .value(),
      ElementsAre("-999.9|999999999|-123456789012.345678|999999999999999999999999999999999999.99"));
}

TEST_F(LoadTest, TextsOfEveryLengthCompareAsTheyShould) {
  std::string text = "s\n";
  for (int length = 1; length <= 40; ++length) text += std::string(static_cast<std::size_t>(length), 'x') + "ä\n";
  ASSERT_TRUE(LoadText(*database_, FileFormat::kCsv, SchemaForTest({{"s", "VARCHAR"}}), text).has_value());
  EXPECT_THAT(Select(*database_,
                     "SELECT count(DISTINCT s), max(length(s)), count(*) FILTER (s = repeat('x', length(s) - "
                     "1) || 'ä') FROM ds_test",
                     {"BIGINT", "BIGINT", "BIGINT"})
                  .value(),
              ElementsAre("40|41|40"));
}

TEST_F(LoadTest, CsvSkipsAByteOrderMark) {
  EXPECT_TRUE(
      LoadText(*database_, FileFormat::kCsv, SchemaForTest({{"n", "INTEGER"}}), "\xef\xbb\xbfn\n1\n").has_value());
}

TEST_F(LoadTest, CsvWithoutRowsIsAnEmptyTable) {
  EXPECT_EQ(LoadText(*database_, FileFormat::kCsv, SchemaForTest({{"n", "INTEGER"}}), "n\n")->rows, 0);
}

TEST_F(LoadTest, CsvErrorsNameLineAndColumnAndNoValue) {
  const std::vector<std::pair<std::string, std::string>> two = {{"id", "INTEGER"}, {"age", "INTEGER"}};
  EXPECT_THAT(CsvError(two, "id,age\n1,2\n3,secret\n"),
              AllOf(HasSubstr("line 3, column age"), Not(HasSubstr("secret"))));
  EXPECT_THAT(CsvError(two, "id,age\n1,2\n3\n"), HasSubstr("line 3: only 1 fields"));
  EXPECT_THAT(CsvError(two, "id,age\n1,2,3\n"), HasSubstr("line 2: more than 2 fields"));
  EXPECT_THAT(CsvError(two, "id,age\n\n"), HasSubstr("line 2"));
  EXPECT_THAT(CsvError(two, "id,age\n1,2\n\"1\n\",x\"y\n"), HasSubstr("line 3"));
  EXPECT_THAT(CsvError(two, "id,age\n\"1,2\n"), HasSubstr("never closed"));
  EXPECT_THAT(CsvError(two, "id,age\n1,2\n1,\xff\n"), AllOf(HasSubstr("line 3"), HasSubstr("UTF-8")));
  EXPECT_THAT(CsvError(two, "id,age\n1, 2\n"), HasSubstr("line 2, column age"));
  EXPECT_THAT(CsvError({{"s", "VARCHAR"}, {"n", "INTEGER"}}, "s,n\n\"a\nb\",1\n\"a\nb\",x\n"),
              HasSubstr("line 5, column n"));
}

TEST_F(LoadTest, CsvHeaderMustBeTheSchema) {
  const std::vector<std::pair<std::string, std::string>> two = {{"id", "INTEGER"}, {"age", "INTEGER"}};
  for (const char* text :
       {"1,2\n3,4\n", "age,id\n1,2\n", "id\n1\n", "id,age,more\n1,2,3\n", "ID,AGE\n1,2\n", "id,age \n1,2\n"}) {
    EXPECT_THAT(CsvError(two, text), HasSubstr("line 1: the header")) << text;
  }
  EXPECT_THAT(CsvError(two, ""), HasSubstr("empty"));
}

// Gives a few bytes at a time, and may fail in the end.
class TrickleSource final : public ByteSource {
 public:
  TrickleSource(std::string text, std::size_t piece, std::optional<Error> at_end = {})
      : text_(std::move(text)), piece_(piece), at_end_(std::move(at_end)) {}
  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    if (at_ == text_.size() && at_end_) return *at_end_;
    const std::size_t count = std::min({piece_, into.size(), text_.size() - at_});
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t piece_;
  std::optional<Error> at_end_;
  std::size_t at_ = 0;
};

std::string NumberedRows(int rows) {
  std::string text = "n,note\n";
  for (int i = 1; i <= rows; ++i) text += std::to_string(i) + ",\"row\n" + std::to_string(i) + "\"\n";
  return text;
}
const std::vector<std::pair<std::string, std::string>> kNumbered = {{"n", "BIGINT"}, {"note", "VARCHAR"}};

TEST_F(LoadTest, FilesOfManyBlocksLoseNoRow) {
  const std::string text = NumberedRows(400'000);  // about 8 blocks
  ASSERT_GT(text.size(), 7u << 20);
  TrickleSource source(text, 65536 - 7);
  const auto info = LoadTable(*database_,
                              {.dataset = "ds_test",
                               .format = FileFormat::kCsv,
                               .schema = SchemaForTest(kNumbered),
                               .bytes_expected = static_cast<std::int64_t>(text.size())},
                              source);
  ASSERT_TRUE(info.has_value()) << info.error().public_message;
  EXPECT_THAT(Select(*database_,
                     "SELECT count(*), sum(n), count(DISTINCT note) FROM ds_test WHERE note = 'row' || chr(10) || n",
                     {"BIGINT", "HUGEINT", "BIGINT"})
                  .value(),
              ElementsAre("400000|80000200000|400000"));
}

TEST_F(LoadTest, TheFirstProblemOfTheFileIsTheOneReported) {
  std::string text = NumberedRows(400'000);
  for (const char* row : {"\n100000,", "\n200000,", "\n300000,", "\n399999,"}) text.replace(text.find(row) + 1, 1, "x");
  for (int i = 0; i < 5; ++i) EXPECT_THAT(CsvError(kNumbered, text), HasSubstr("line 200000, column n"));
}

TEST_F(LoadTest, ASourcesErrorIsPassedOnAndLeavesNothing) {
  const std::string text = NumberedRows(100'000);
  TrickleSource source(text, 4096, Error{Code::kDataLoss, "a chunk is missing"});
  const auto info = LoadTable(*database_,
                              {.dataset = "ds_test",
                               .format = FileFormat::kCsv,
                               .schema = SchemaForTest(kNumbered),
                               .bytes_expected = static_cast<std::int64_t>(text.size())},
                              source);
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, Code::kDataLoss);
  EXPECT_FALSE(database_->Find("ds_test").has_value());
  EXPECT_TRUE(LoadText(*database_, FileFormat::kCsv, SchemaForTest(kNumbered), "n,note\n1,x\n").has_value());
}

TEST_F(LoadTest, RecordsHaveABound) {
  const std::vector<std::pair<std::string, std::string>> one = {{"s", "VARCHAR"}};
  EXPECT_TRUE(
      LoadText(*database_, FileFormat::kCsv, SchemaForTest(one), "s\n" + std::string(kRecordBytesMax / 2, 'x') + "\n")
          .has_value());
  ASSERT_TRUE(database_->Drop("ds_test").has_value());
  EXPECT_THAT(CsvError(one, "s\nfine\n\"" + std::string(2 * kRecordBytesMax, 'x') + "\"\n"),
              HasSubstr("line 3 is longer than 8 MiB"));
}

TEST_F(LoadTest, AFileLongerThanItsManifestIsRefused) {
  const std::string text = "n\n1\n2\n";
  for (const FileFormat format : {FileFormat::kCsv, FileFormat::kParquet}) {
    MemorySource source(AsBytes(text));
    const auto info = LoadTable(
        *database_,
        {.dataset = "ds_test", .format = format, .schema = SchemaForTest({{"n", "INTEGER"}}), .bytes_expected = 4},
        source);
    ASSERT_FALSE(info.has_value());
    EXPECT_THAT(info.error().public_message, HasSubstr("longer than its manifest"));
  }
}

TEST_F(LoadTest, WhatCannotFitIsRefusedBeforeItIsRead) {
  MemorySource source(AsBytes("n\n1\n"));
  const auto info = LoadTable(*database_,
                              {.dataset = "ds_test",
                               .format = FileFormat::kCsv,
                               .schema = SchemaForTest({{"n", "INTEGER"}}),
                               .bytes_expected = 100LL << 30},
                              source);
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, Code::kResourceExhausted);
  std::array<std::uint8_t, 8> rest{};
  EXPECT_EQ(source.Read(rest).value(), 4u);
}

TEST_F(LoadTest, ALoadThatOutgrowsMemoryFailsWithTheMend) {
  auto small = DatabaseForTest({.memory_bytes = kMemoryBytesMin, .threads = 2});
  std::string text = "s\n";  // a NULL and its line feed are one byte of file and several of table
  text += std::string(30'000'000, '\n');
  const auto info = LoadText(*small, FileFormat::kCsv, SchemaForTest({{"s", "VARCHAR"}}), text);
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, Code::kResourceExhausted) << info.error().public_message << info.error().detail;
  EXPECT_THAT(info.error().public_message, HasSubstr("memory"));
  EXPECT_TRUE(LoadText(*small, FileFormat::kCsv, SchemaForTest({{"n", "INTEGER"}}), "n\n1\n").has_value());
}

TEST_F(LoadTest, ALoadedDatasetIsNotReplaced) {
  const auto schema = SchemaForTest({{"n", "INTEGER"}});
  ASSERT_TRUE(LoadText(*database_, FileFormat::kCsv, schema, "n\n1\n").has_value());
  EXPECT_EQ(LoadText(*database_, FileFormat::kCsv, schema, "n\n2\n").error().code, Code::kConflict);
  EXPECT_THAT(Select(*database_, "SELECT n FROM ds_test", {"INTEGER"}).value(), ElementsAre("1"));
}

TEST_F(LoadTest, JsonLinesOfEveryType) {
  const auto info =
      LoadText(*database_, FileFormat::kJsonLines, SchemaForTest(kAllTypes),
               R"({"b":true,"i":-1,"l":"9007199254740993","d":1.5,"m":12.34,"s":"a\n\"b\"","day":"2026-11-22",)"
               R"("t":"2026-11-22T08:36:00Z"})"
               "\n"
               R"({"t":null,"s":"ä","i":0,"m":"0.05","d":"2e3"})"
               "\r\n{\"i\":1}");
  ASSERT_TRUE(info.has_value()) << info.error().public_message << info.error().detail;
  EXPECT_THAT(Select(*database_, "SELECT * FROM ds_test ORDER BY i", kAllTypeNames).value(),
              ElementsAre("true|-1|9007199254740993|1.500000|12.34|a\n\"b\"|2026-11-22|2026-11-22T08:36:00",
                          "NULL|0|NULL|2000.000000|0.05|ä|NULL|NULL", "NULL|1|NULL|NULL|NULL|NULL|NULL|NULL"));
}

TEST_F(LoadTest, JsonLinesErrorsNameLineAndColumnAndNoValue) {
  const std::vector<std::pair<std::string, std::string>> two = {{"id", "INTEGER"}, {"s", "VARCHAR"}};
  const std::string good = "{\"id\":1,\"s\":\"a\"}\n";
  EXPECT_THAT(JsonError(two, good + "{\"id\":\"secret\"}\n"),
              AllOf(HasSubstr("line 2, column id"), Not(HasSubstr("secret"))));
  EXPECT_THAT(JsonError(two, good + "{\"id\":1.5}\n"), HasSubstr("line 2, column id"));
  EXPECT_THAT(JsonError(two, good + "{\"id\":true}\n"), HasSubstr("line 2, column id"));
  EXPECT_THAT(JsonError(two, good + "{\"s\":5}\n"), HasSubstr("line 2, column s"));
  EXPECT_THAT(JsonError(two, good + "{\"id\":1,\"secret\":2}\n"), AllOf(HasSubstr("line 2"), Not(HasSubstr("secret"))));
  EXPECT_THAT(JsonError(two, good + "{\"id\":1,\"id\":2}\n"), HasSubstr("line 2"));
  EXPECT_THAT(JsonError(two, good + "{\"id\":{}}\n"), HasSubstr("line 2"));
  EXPECT_THAT(JsonError(two, good + "[1]\n"), HasSubstr("line 2"));
  EXPECT_THAT(JsonError(two, good + "\n"), HasSubstr("line 2"));
  EXPECT_THAT(JsonError(two, good + good + "{\"id\":1"), HasSubstr("line 3"));
  EXPECT_THAT(JsonError(two, good + "{\"id\":1,\"s\":\"\xff\"}\n"), HasSubstr("line 2"));
}

TEST_F(LoadTest, BytesThatAreNotParquetAreRefused) {
  for (const std::string& text :
       {std::string("PAR1"), std::string(1000, 'x'), std::string("PAR1\0\0\0\0PAR1", 12), std::string("")}) {
    EXPECT_THAT(ErrorOf(FileFormat::kParquet, {{"n", "INTEGER"}}, text), HasSubstr("not Parquet"));
  }
}

TEST(FileFormat, HasThreeNames) {
  EXPECT_EQ(ParseFileFormat("csv").value(), FileFormat::kCsv);
  EXPECT_EQ(ParseFileFormat("parquet").value(), FileFormat::kParquet);
  EXPECT_EQ(ParseFileFormat("jsonl").value(), FileFormat::kJsonLines);
  EXPECT_FALSE(ParseFileFormat("CSV").has_value());
  EXPECT_FALSE(ParseFileFormat("").has_value());
}

}  // namespace
}  // namespace cloister::engine
