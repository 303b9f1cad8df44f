#include "cli/result_table.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "cli/bar_chart.h"
#include "cli/printable.h"
#include "cli/server_json.h"
#include "cli/table.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kColumnsMax = 4096;
constexpr std::size_t kRowsMax = 100'000'000;

// Texts as they are, numbers as JSON writes them (a DECIMAL comes as a text already).
std::string CellText(const codec::Json& cell) {
  if (cell.is_string()) return std::string(cell.get_string());
  return codec::CanonicalJson(cell);
}

std::string ShownCell(const codec::Json& cell) { return cell.is_null() ? "NULL" : Printable(CellText(cell)); }

std::string CsvCell(const codec::Json& cell) {
  if (cell.is_null()) return "";
  const std::string text = CellText(cell);
  return text.empty() ? "\"\"" : CsvField(text);
}

std::optional<double> NumberOf(const codec::Json& cell) {
  if (cell.is_int64()) return static_cast<double>(cell.get_int64());
  if (cell.is_double()) return cell.get_double();
  if (!cell.is_string()) return std::nullopt;
  const std::string text(cell.get_string());
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(number)) return std::nullopt;
  return number;
}

// Analysts write keys first and what they ask for last: the first column and the texts behind it label a bar, the last
// column, if numeric, is its length.
std::size_t LabelColumns(const ResultTable& table) {
  std::size_t count = 1;
  while (count < table.columns.size() && !table.columns[count].IsNumeric()) ++count;
  return count;
}

std::string RenderChart(const ResultTable& table, const OutputStyle& style) {
  const std::size_t labels = LabelColumns(table);
  if (labels >= table.columns.size() || !table.columns.back().IsNumeric()) return {};
  if (table.rows.size() < 2 || table.rows.size() > kBarsMax) return {};
  std::vector<Bar> bars;
  for (const codec::Json& row : table.rows) {
    Bar bar;
    for (std::size_t i = 0; i < labels; ++i) {
      bar.label += (bar.label.empty() ? "" : " ") + ShownCell(row.get_array()[i]);
    }
    const codec::Json& cell = row.get_array().back();
    const auto number = NumberOf(cell);
    if (!number) return {};
    bar.value = *number;
    bar.text = ShownCell(cell);
    bars.push_back(std::move(bar));
  }
  return Printable(table.columns.back().name) + "\n" + RenderBarChart(bars, style);
}

}  // namespace

bool ResultColumn::IsNumeric() const {
  for (const char* numeric : {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
                              "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE"}) {
    if (type == numeric) return true;
  }
  return type.starts_with("DECIMAL");
}

Result<ResultTable> DecodeResult(const codec::Json& json) {
  codec::ObjectReader in(json, "result");
  const codec::JsonArray& columns = in.Array("columns", kColumnsMax);
  const codec::JsonArray& rows = in.Array("rows", kRowsMax);
  ResultTable table;
  if (in.Has("noise")) table.noise = in.Object("noise");
  if (in.Has("intervals")) table.intervals = in.Array("intervals", kColumnsMax);
  if (in.Has("generalised")) table.generalised = in.Object("generalised");
  CLOISTER_TRY(in.Finish());
  for (const codec::Json& each : columns) {
    codec::ObjectReader column(each, "result.columns[" + std::to_string(table.columns.size()) + "]");
    table.columns.push_back({column.String("name"), column.String("type")});
    CLOISTER_TRY(column.Finish());
  }
  for (const codec::Json& row : rows) {
    const auto* cells = row.if_array();
    if (cells == nullptr || cells->size() != table.columns.size()) {
      return InvalidArgument("result.rows[" + std::to_string(table.rows.size()) + "] must have one value per column");
    }
    for (const codec::Json& cell : *cells) {
      if (cell.is_object() || cell.is_array()) return InvalidArgument("result.rows must hold scalars");
    }
    table.rows.push_back(row);
  }
  return table;
}

namespace {

// How far a column of one noisy number is from the exact one.
std::string RenderNoise(const ResultTable& table) {
  std::string out;
  const codec::Json* columns = table.noise.if_contains("columns");
  if (columns == nullptr || !columns->is_array()) return out;
  for (const codec::Json& column : columns->get_array()) {
    const codec::JsonArray& parts = ArrayAt(column, "parts");
    if (parts.size() != 1) continue;
    const codec::Json& width = MemberAt(parts[0], "half_width_95");
    if (!width.is_number() && !width.is_string()) continue;
    out += Printable(TextAt(column, "name")) + ": with noise; the exact value is within " +
           (width.is_string() ? Printable(TextAt(parts[0], "half_width_95")) : codec::CanonicalJson(width)) +
           " of it, 95 times in 100\n";
  }
  return out;
}

// How coarse a release of rows became, in numbers that people compare releases by.
std::string RenderGeneralised(const ResultTable& table) {
  std::string out;
  const auto say = [&](std::string_view member, std::string_view before, std::string_view after) {
    const codec::Json* number = table.generalised.if_contains(member);
    if (number == nullptr || !number->is_number()) return;
    out += std::string(before) + codec::CanonicalJson(*number) + std::string(after) + "\n";
  };
  say("classes", "classes of rows that look alike: ", "");
  say("average_class_size", "their average size: ", " times the least that is allowed");
  say("certainty_penalty", "lost by generalising: ", " (0 nothing, 1 everything)");
  say("discernibility", "discernibility: ", " (the sum of their squared sizes)");
  return out;
}

}  // namespace

namespace {

// "44.1 to 50.9": what an average may be without its noise, to four digits.
std::string IntervalCell(const codec::Json& interval, std::size_t row) {
  const codec::JsonArray& low = ArrayAt(interval, "low");
  const codec::JsonArray& high = ArrayAt(interval, "high");
  if (row >= low.size() || row >= high.size() || !NumberOf(low[row]) || !NumberOf(high[row])) return "";
  const auto text = [](double number) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.4g", number);
    return std::string(buffer.data());
  };
  return text(*NumberOf(low[row])) + " to " + text(*NumberOf(high[row]));
}

}  // namespace

std::string RenderResult(const ResultTable& table, const OutputStyle& style) {
  const bool human = style.format == OutputFormat::kHuman;
  std::vector<TableColumn> titles;
  for (const ResultColumn& column : table.columns) {
    titles.push_back({Printable(column.name), column.IsNumeric() ? Align::kRight : Align::kLeft});
  }
  for (const codec::Json& interval : human ? table.intervals : codec::JsonArray())
    titles.push_back({Printable(TextAt(interval, "column")) + ", 95 of 100 times", Align::kLeft});
  Table shown(std::move(titles));
  std::size_t at = 0;
  for (const codec::Json& row : table.rows) {
    std::vector<std::string> cells;
    for (const codec::Json& cell : row.get_array()) cells.push_back(ShownCell(cell));
    for (const codec::Json& interval : human ? table.intervals : codec::JsonArray())
      cells.push_back(IntervalCell(interval, at));
    shown.Add(std::move(cells));
    ++at;
  }
  std::string out = shown.Render(style);
  if (!human) return out;
  const std::string widths = RenderNoise(table);
  if (!widths.empty()) out += "\n" + widths;
  const std::string generalised = RenderGeneralised(table);
  if (!generalised.empty()) out += "\n" + generalised;
  const std::string chart = RenderChart(table, style);
  return chart.empty() ? out : out + "\n" + chart;
}

std::string ResultCsv(const ResultTable& table) {
  std::string out;
  const auto line = [&out](std::size_t count, auto cell_of) {
    for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + cell_of(i);
    out += "\n";
  };
  line(table.columns.size(), [&](std::size_t i) { return CsvField(table.columns[i].name); });
  for (const codec::Json& row : table.rows) {
    line(table.columns.size(), [&](std::size_t i) { return CsvCell(row.get_array()[i]); });
  }
  return out;
}

codec::Json ResultJson(const ResultTable& table) {
  codec::JsonArray columns;
  for (const ResultColumn& column : table.columns) {
    columns.push_back(codec::JsonObject{{"name", column.name}, {"type", column.type}});
  }
  codec::JsonObject json{{"columns", std::move(columns)}, {"rows", table.rows}};
  if (!table.noise.empty()) json["noise"] = table.noise;
  if (!table.intervals.empty()) json["intervals"] = table.intervals;
  if (!table.generalised.empty()) json["generalised"] = table.generalised;
  return json;
}

}  // namespace cloister::cli
