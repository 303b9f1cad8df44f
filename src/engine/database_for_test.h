#pragma once

// What this room's tests share: a locked-down database without the sandbox around it, and results as text.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/database_internals.h"
#include "engine/load.h"
#include "engine/run_statement.h"

namespace cloister::engine {

inline std::unique_ptr<Database> DatabaseForTest(const DatabaseLimits& limits = {.memory_bytes = 1 << 30,
                                                                                 .threads = 2}) {
  auto opened = UnconfinedDatabase::Open();
  return std::move(std::move(opened).value()).EnterSandboxedMode(limits).value();
}

inline std::string TextOf(const Value& value) {
  struct ToText {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(Int128 n) const { return codec::FormatSqlHugeint(n); }
    std::string operator()(double d) const { return std::to_string(d); }
    std::string operator()(const Decimal& d) const { return codec::FormatSqlDecimal(d.unscaled, d.scale); }
    std::string operator()(const std::string& s) const { return s; }
    std::string operator()(Date d) const { return codec::FormatSqlDate(d.days); }
    std::string operator()(Timestamp t) const { return codec::FormatSqlTimestamp(t.micros); }
  };
  return std::visit(ToText{}, value);
}

// One text a row, values separated by bars.
class TextSink final : public RowSink {
 public:
  Status Row(std::span<const Value> row) override {
    std::string text;
    for (const Value& value : row) text += (text.empty() ? "" : "|") + TextOf(value);
    rows.push_back(text);
    return {};
  }
  std::vector<std::string> rows;
};

inline constexpr ExecutionLimits kLimitsForTest = {
    .time_ms = 60'000, .rows_max = 1'000'000, .result_bytes_max = 1 << 28};

// A statement of any kind, past every limit and check: what a hole elsewhere would let in.
inline Status RunAnything(Database& database, const std::string& sql) {
  CLOISTER_ASSIGN(const ConnectionHandle connection, Connect(database.internals().database.get()));
  return RunStatement(connection.get(), sql, "refused");
}

// `types` as the statement's columns have them.
inline Result<std::vector<std::string>> Select(Database& database, const std::string& sql,
                                               const std::vector<std::string>& types,
                                               const ExecutionLimits& limits = kLimitsForTest) {
  SelectStatement statement{.sql = sql, .columns = {}};
  for (const auto& type : types) statement.columns.push_back({.name = "c", .type = type});
  Cancellation cancellation;
  TextSink sink;
  CLOISTER_TRY(RunSelect(database, statement, limits, cancellation, sink));
  return std::move(sink.rows);
}

inline agreement::DatasetSchema SchemaForTest(const std::vector<std::pair<std::string, std::string>>& columns) {
  agreement::DatasetSchema schema;
  for (const auto& [name, type] : columns) {
    schema.columns.push_back({.name = name, .type = agreement::ColumnType::Parse(type).value()});
  }
  return schema;
}

inline Result<TableInfo> LoadText(Database& database, FileFormat format, const agreement::DatasetSchema& schema,
                                  std::string_view text, const std::string& dataset = "ds_test") {
  MemorySource source(AsBytes(text));
  return LoadTable(database,
                   {.dataset = dataset,
                    .format = format,
                    .schema = schema,
                    .bytes_expected = static_cast<std::int64_t>(text.size())},
                   source);
}

}  // namespace cloister::engine
