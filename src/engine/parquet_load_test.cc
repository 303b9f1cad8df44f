#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/database_for_test.h"

namespace cloister::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What DuckDB itself writes for a SELECT.
std::string ParquetOf(const std::string& select) {
  const auto path =
      std::filesystem::temp_directory_path() / ("cloister_parquet_test_" + std::to_string(getpid()));
  const auto database = OpenSingleThreaded();
  const auto connection = Connect(database->get());
  const auto written = RunStatement(connection->get(),
                                    "COPY (" + select + ") TO '" + path.string() + "' (FORMAT parquet)", "");
  EXPECT_TRUE(written.has_value()) << written.error().detail;
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  std::filesystem::remove(path);
  return bytes;
}

class ParquetLoadTest : public testing::Test {
 protected:
  Result<TableInfo> Load(const std::vector<std::pair<std::string, std::string>>& columns,
                         const std::string& select) {
    return LoadText(*database_, FileFormat::kParquet, SchemaForTest(columns), ParquetOf(select));
  }
  std::string ErrorOf(const std::vector<std::pair<std::string, std::string>>& columns,
                      const std::string& select) {
    auto loaded = Load(columns, select);
    EXPECT_FALSE(loaded.has_value()) << select;
    EXPECT_FALSE(database_->Find("ds_test").has_value());
    return loaded ? "" : loaded.error().public_message;
  }

  std::unique_ptr<Database> database_ = DatabaseForTest();
};

TEST_F(ParquetLoadTest, EveryTypeInAnyOrder) {
  const auto info = Load(
      {{"b", "BOOLEAN"},
       {"i", "INTEGER"},
       {"l", "BIGINT"},
       {"d", "DOUBLE"},
       {"m", "DECIMAL(9,2)"},
       {"s", "VARCHAR"},
       {"day", "DATE"},
       {"t", "TIMESTAMP"}},
      "SELECT TIMESTAMP '2026-11-22 08:36:00' AS t, true AS b, 1 AS i, 2::BIGINT AS l, 1.5::DOUBLE AS d, "
      "12.34::DECIMAL(9,2) AS m, 'ä' AS s, DATE '2026-11-22' AS day UNION ALL "
      "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL");
  ASSERT_TRUE(info.has_value()) << info.error().public_message << info.error().detail;
  EXPECT_EQ(info->rows, 2);
  EXPECT_THAT(
      Select(*database_, "SELECT * FROM ds_test ORDER BY i",
             {"BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "DECIMAL(9,2)", "VARCHAR", "DATE", "TIMESTAMP"})
          .value(),
      ElementsAre("true|1|2|1.500000|12.34|ä|2026-11-22|2026-11-22T08:36:00",
                  "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL"));
}

TEST_F(ParquetLoadTest, TypesThatBecomeTheSchemasWithoutLoss) {
  const auto info = Load(
      {{"a", "BIGINT"},
       {"b", "DOUBLE"},
       {"c", "DECIMAL(18,4)"},
       {"d", "TIMESTAMP"},
       {"e", "TIMESTAMP"},
       {"f", "DECIMAL(20,0)"}},
      "SELECT 7::SMALLINT AS a, 0.5::FLOAT AS b, 1.25::DECIMAL(9,2) AS c, "
      "TIMESTAMPTZ '2026-11-22 09:36:00+01' AS d, TIMESTAMP_NS '2026-11-22 08:36:00' AS e, 5::BIGINT AS f");
  ASSERT_TRUE(info.has_value()) << info.error().public_message << info.error().detail;
  EXPECT_THAT(Select(*database_, "SELECT * FROM ds_test",
                     {"BIGINT", "DOUBLE", "DECIMAL(18,4)", "TIMESTAMP", "TIMESTAMP", "DECIMAL(20,0)"})
                  .value(),
              ElementsAre("7|0.500000|1.2500|2026-11-22T08:36:00|2026-11-22T08:36:00|5"));
}

TEST_F(ParquetLoadTest, TypesThatDoNotAreRefused) {
  for (const auto& [type, value] :
       std::vector<std::pair<std::string, std::string>>{{"INTEGER", "1::BIGINT"},
                                                        {"INTEGER", "'1'"},
                                                        {"BIGINT", "1.5::DOUBLE"},
                                                        {"BIGINT", "1::UBIGINT"},
                                                        {"DOUBLE", "1::BIGINT"},
                                                        {"DECIMAL(4,2)", "1.25::DECIMAL(9,2)"},
                                                        {"DECIMAL(9,1)", "1.25::DECIMAL(9,2)"},
                                                        {"VARCHAR", "1"},
                                                        {"VARCHAR", "'x'::BLOB"},
                                                        {"VARCHAR", "['x']"},
                                                        {"VARCHAR", "{'x': 1}"},
                                                        {"DATE", "TIMESTAMP '2026-11-22 00:00:00'"},
                                                        {"BOOLEAN", "1"},
                                                        {"DATE", "'2026-11-22'"}}) {
    EXPECT_THAT(ErrorOf({{"c", type}}, "SELECT " + value + " AS c"), HasSubstr("column c"))
        << type << " of " << value;
  }
}

TEST_F(ParquetLoadTest, TheFilesColumnsMustBeTheSchemas) {
  EXPECT_THAT(ErrorOf({{"a", "INTEGER"}, {"b", "INTEGER"}}, "SELECT 1 AS a"), HasSubstr("no column b"));
  EXPECT_THAT(ErrorOf({{"a", "INTEGER"}}, "SELECT 1 AS a, 2 AS secret"),
              AllOf(HasSubstr("does not name"), Not(HasSubstr("secret"))));
  EXPECT_THAT(ErrorOf({{"A", "INTEGER"}}, "SELECT 1 AS a"), HasSubstr("no column A"));
}

TEST_F(ParquetLoadTest, DamageIsAnErrorAndNothingStays) {
  const std::string whole = ParquetOf("SELECT i, 'text ' || i AS s FROM range(50000) t(i)");
  const auto schema = SchemaForTest({{"i", "BIGINT"}, {"s", "VARCHAR"}});
  int refused = 0;
  for (std::size_t at = 10; at < whole.size(); at += whole.size() / 40) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(~damaged[at]);
    auto loaded = LoadText(*database_, FileFormat::kParquet, schema, damaged);
    if (loaded) {
      ASSERT_TRUE(
          database_->Drop("ds_test").has_value());  // pages carry no checksum: sealing finds such damage
      continue;
    }
    ++refused;
    EXPECT_EQ(loaded.error().code, Code::kInvalidArgument) << loaded.error().detail;
  }
  EXPECT_GT(refused, 0);
  for (const std::size_t size : {whole.size() / 2, whole.size() - 1, std::size_t{8}}) {
    EXPECT_FALSE(LoadText(*database_, FileFormat::kParquet, schema, whole.substr(0, size)).has_value());
  }
  EXPECT_EQ(LoadText(*database_, FileFormat::kParquet, schema, whole)->rows, 50000);
}

TEST_F(ParquetLoadTest, TheFilesMemoryIsGivenBack) {
  ASSERT_TRUE(Load({{"i", "BIGINT"}}, "SELECT i FROM range(100000) t(i)").has_value());
  EXPECT_EQ(database_->internals().file.size(), 0);
}

}  // namespace
}  // namespace cloister::engine
