#pragma once

// What the engine's bars run on: made-up orders, and the clean-room shapes an analyst would ask of them.

#include <cstdint>
#include <string>
#include <vector>

#include "agreement/policy.h"
#include "base/result.h"
#include "sql/executable_plan.h"

namespace cloister::bench {

// A wide table of order lines, 16 columns: a row is about 121 bytes of CSV and 30 of Parquet.
agreement::DatasetSchema OrderLinesSchema();
std::string OrderLinesSql(std::int64_t rows);
inline constexpr std::int64_t kOrderLinesCsvBytesPerRow = 121;
inline constexpr std::int64_t kOrderLinesParquetBytesPerRow = 30;

struct ShapeTable {
  std::string dataset;  // ds_..., the table's name
  std::string name;     // in an analyst's text
  agreement::DatasetSchema schema;
  agreement::DatasetPolicy policy;
  std::string sql;  // makes its rows
};
struct ShapeText {
  std::string name;
  std::string text;  // over tables by the names an analyst uses
};
// What analysts ask, and of which tables.
struct Questions {
  std::vector<ShapeTable> tables;
  std::vector<ShapeText> texts;
};
// The clean-room shapes over three tables that share a person key, and a public one.
Questions ShapeQuestions(std::int64_t persons);

// Compiled by the product's own compiler: a shape that it refuses is an error.
struct Shape {
  std::string name;
  sql::ExecutablePlan plan;
};
// `guarded`: the plans give the people behind each group, for the guard against differencing.
Result<std::vector<Shape>> CompileShapes(const Questions& questions, agreement::Level level, bool guarded = false);

}  // namespace cloister::bench
