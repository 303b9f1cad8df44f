#pragma once

// A table for people, tab separated lines for pipes.
//
//   Table table({{"ID"}, {"NAME"}, {"ROWS", Align::kRight}});
//   table.Add({"ds_01...", "visits", "20190"});
//   out.Line(table.Render(out.style()));
//
//   ID        NAME     ROWS
//   ds_01...  visits  20190

#include <string>
#include <vector>

#include "cli/output.h"

namespace cloister::cli {

enum class Align { kLeft, kRight };

struct TableColumn {
  std::string title;
  Align align = Align::kLeft;
};

class Table {
 public:
  explicit Table(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}
  // As many cells as columns, already printable; kHuman pads them by display width and leaves no space at line ends.
  void Add(std::vector<std::string> cells);
  std::size_t rows() const { return rows_.size(); }
  // kPlain has no header: each line is a record, cells separated by tabs.
  std::string Render(const OutputStyle& style) const;

 private:
  std::string RenderHuman(const OutputStyle& style) const;

  std::vector<TableColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// RFC 4180: quoted where a comma, a quote, a line end or a leading or trailing space needs it.
std::string CsvField(std::string_view text);

}  // namespace cloister::cli
