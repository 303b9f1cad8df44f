#include "cli/table.h"

#include <algorithm>

#include "cli/printable.h"

namespace cloister::cli {
namespace {

// Cells may carry colour; a terminal gives it no column.
std::size_t WidthWithoutColour(std::string_view text) {
  std::string bare;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b') {
      bare += text[i];
      continue;
    }
    i = std::min(text.find('m', i), text.size());
  }
  return DisplayWidth(bare);
}

std::string Padded(const std::string& cell, std::size_t width, Align align) {
  const std::string space(width - WidthWithoutColour(cell), ' ');
  return align == Align::kRight ? space + cell : cell + space;
}

void TrimEnd(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

void Table::Add(std::vector<std::string> cells) {
  CLOISTER_CHECK(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::Render(const OutputStyle& style) const {
  if (style.format != OutputFormat::kPlain) return RenderHuman(style);
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : "\t") + row[i];
    out += '\n';
  }
  return out;
}

std::string Table::RenderHuman(const OutputStyle& style) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(DisplayWidth(columns_[i].title));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], WidthWithoutColour(row[i]));
  }
  const auto render = [&](auto cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      line += (i == 0 ? "" : "  ") + Padded(cell_of(i), widths[i], columns_[i].align);
    }
    TrimEnd(line);
    return line;
  };
  const std::string titles = render([&](std::size_t i) { return columns_[i].title; });
  std::string out = (style.colour ? "\x1b[1m" + titles + "\x1b[0m" : titles) + "\n";
  for (const auto& row : rows_) out += render([&](std::size_t i) { return row[i]; }) + "\n";
  return out;
}

std::string CsvField(std::string_view text) {
  const bool needs_quotes = text.find_first_of(",\"\r\n") != std::string_view::npos ||
                            (!text.empty() && (text.front() == ' ' || text.back() == ' '));
  if (!needs_quotes) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace cloister::cli
