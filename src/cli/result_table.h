#pragma once

// An opened result: rows under columns (docs/formats, the enclave's JSON), and the forms in which people take it.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/output.h"
#include "codec/json.h"

namespace cloister::cli {

inline constexpr std::size_t kResultBytesMax = 256 << 20;

struct ResultColumn {
  std::string name;
  std::string type;  // SQL's name

  bool IsNumeric() const;
};

struct ResultTable {
  std::vector<ResultColumn> columns;
  codec::JsonArray rows;  // arrays of as many scalars as there are columns
  codec::JsonObject noise = {};  // what the numbers carry (docs/formats/noise.md); empty without noise
  codec::JsonArray intervals = {};     // of averages and the like with noise, a number a row; empty elsewhere
  codec::JsonObject generalised = {};  // what a k-anonymous release lost (docs/formats/report.md); empty elsewhere
};

// {"columns":[{"name","type"},...],"rows":[[...],...]}, "noise" and "intervals" where there is noise, "generalised"
// where rows were.
Result<ResultTable> DecodeResult(const codec::Json& json);

// A table, and below it a bar chart of its last column, if that is numeric, labelled by the first.
std::string RenderResult(const ResultTable& table, const OutputStyle& style);
// RFC 4180 with a header line; NULL is an empty field, the empty text is "".
std::string ResultCsv(const ResultTable& table);
codec::Json ResultJson(const ResultTable& table);

}  // namespace cloister::cli
