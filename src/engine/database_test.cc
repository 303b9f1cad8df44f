#include "engine/database.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "engine/database_for_test.h"

namespace cloister::engine {
namespace {

using testing::ElementsAre;

TEST(Database, AnswersASelect) {
  auto database = DatabaseForTest();
  EXPECT_THAT(Select(*database, "SELECT 40 + 2", {"INTEGER"}).value(), ElementsAre("42"));
}

// Statements that reach out, in the mouth of somebody who already has the engine's ear.
TEST(Database, ReachesNothingOutsideOfItself) {
  auto database = DatabaseForTest();
  const std::string out = (std::filesystem::temp_directory_path() / "cloister_database_test").string();
  const std::string statements[] = {
      "COPY (SELECT 1) TO '" + out + ".csv'",
      "COPY (SELECT 1) TO '" + out + ".parquet' (FORMAT parquet)",
      "EXPORT DATABASE '" + out + "'",
      "ATTACH '" + out + ".db' AS other",
      "SELECT * FROM read_csv('/etc/passwd')",
      "SELECT * FROM read_text('/etc/passwd')",
      "SELECT * FROM read_blob('/proc/self/environ')",
      "SELECT * FROM glob('/etc/*')",
      "SELECT * FROM '/etc/passwd'",
      "SELECT * FROM read_parquet('https://localhost/x.parquet')",
      "SELECT * FROM read_json('/proc/self/maps')",
      "INSTALL httpfs",
      "LOAD httpfs",
      "LOAD '/usr/lib/libz.so'",
      "CREATE SECRET s (TYPE s3, KEY_ID 'x', SECRET 'y')",
  };
  ASSERT_TRUE(RunAnything(*database, "SELECT 1").has_value());
  for (const auto& sql : statements) EXPECT_FALSE(RunAnything(*database, sql).has_value()) << sql;
  for (const char* ending : {"", ".csv", ".parquet", ".db"})
    EXPECT_FALSE(std::filesystem::exists(out + ending));
}

TEST(Database, KeepsItsSettings) {
  auto database = DatabaseForTest();
  for (const char* sql :
       {"SET threads = 8", "RESET threads", "PRAGMA threads = 8", "SET memory_limit = '100GB'",
        "SET enable_external_access = true", "SET lock_configuration = false", "SET temp_directory = '/tmp'",
        "SET allowed_directories = ['/']", "SET allowed_paths = ['/etc/passwd']",
        "SET TimeZone = 'Asia/Tokyo'", "SET autoload_known_extensions = true",
        "SET preserve_insertion_order = true", "SET profiling_output = '/tmp/x'",
        "SET log_query_path = '/tmp/x'", "SET GLOBAL allow_unsigned_extensions = true",
        "SET disabled_filesystems = ''"}) {
    EXPECT_FALSE(RunAnything(*database, sql).has_value()) << sql;
  }
  EXPECT_THAT(
      Select(*database,
             "SELECT name || '=' || value FROM duckdb_settings() WHERE name IN ('threads', 'temp_directory', "
             "'enable_external_access', 'lock_configuration', 'autoload_known_extensions', "
             "'autoinstall_known_extensions', 'allow_unsigned_extensions', 'allow_community_extensions') "
             "ORDER BY 1",
             {"VARCHAR"})
          .value(),
      ElementsAre("allow_community_extensions=false", "allow_unsigned_extensions=false",
                  "autoinstall_known_extensions=false", "autoload_known_extensions=false",
                  "enable_external_access=false", "lock_configuration=true", "temp_directory=", "threads=2"));
}

TEST(Database, RefusesLimitsThatCannotBeMeant) {
  for (const DatabaseLimits limits : {DatabaseLimits{.memory_bytes = 1 << 20, .threads = 1},
                                      DatabaseLimits{.memory_bytes = 1 << 30, .threads = 0},
                                      DatabaseLimits{.memory_bytes = 1 << 30, .threads = kThreadsMax + 1}}) {
    EXPECT_FALSE(UnconfinedDatabase::Open().value().EnterSandboxedMode(limits).has_value());
  }
}

TEST(Database, KnowsAndDropsItsTables) {
  auto database = DatabaseForTest();
  const auto schema = SchemaForTest({{"n", "INTEGER"}});
  ASSERT_TRUE(LoadText(*database, FileFormat::kCsv, schema, "n\n1\n2\n", "ds_a").has_value());
  ASSERT_TRUE(LoadText(*database, FileFormat::kCsv, schema, "n\n3\n", "ds_b").has_value());
  ASSERT_EQ(database->Tables().size(), 2u);
  EXPECT_EQ(database->Find("ds_a")->rows, 2);
  EXPECT_TRUE(database->Drop("ds_a").has_value());
  EXPECT_FALSE(database->Find("ds_a").has_value());
  EXPECT_EQ(database->Drop("ds_a").error().code, Code::kNotFound);
  EXPECT_FALSE(Select(*database, "SELECT * FROM ds_a", {"INTEGER"}).has_value());
  EXPECT_TRUE(LoadText(*database, FileFormat::kCsv, schema, "n\n5\n", "ds_a").has_value());
}

TEST(Database, GivesMemoryBackWhenATableIsDropped) {
  auto database = DatabaseForTest();
  std::string text = "n\n";
  for (int i = 0; i < 500'000; ++i) text += std::to_string(i) + "\n";
  const std::int64_t before = database->MemoryUsedBytes().value();
  const auto info = LoadText(*database, FileFormat::kCsv, SchemaForTest({{"n", "BIGINT"}}), text);
  ASSERT_TRUE(info.has_value());
  EXPECT_GT(info->memory_bytes, 2'000'000);
  ASSERT_TRUE(database->Drop("ds_test").has_value());
  EXPECT_LT(database->MemoryUsedBytes().value(), before + info->memory_bytes / 4);
}

}  // namespace
}  // namespace cloister::engine
