#include "cli/bar_chart.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/printable.h"

namespace cloister::cli {
namespace {

constexpr int kEighths = 8;
constexpr std::size_t kBarColumnsMin = 10;
constexpr std::size_t kBarColumnsMax = 40;

struct Scale {
  double least = 0;  // <= 0
  double most = 0;   // >= 0
  std::size_t columns = kBarColumnsMin;

  double span() const { return most - least > 0 ? most - least : 1; }
  // Eighths of a column for a length in the value's unit.
  long Eighths(double length) const { return std::lround(length / span() * static_cast<double>(columns) * kEighths); }
};

std::string Repeat(std::string_view text, long count) {
  std::string out;
  for (long i = 0; i < count; ++i) out += text;
  return out;
}

// A bar to the right of zero, exact to an eighth of a column where the terminal can draw it.
std::string Rightwards(long eighths, bool unicode) {
  if (!unicode) return Repeat("#", (eighths + kEighths / 2) / kEighths);
  constexpr std::array<std::string_view, kEighths> kParts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  return Repeat("█", eighths / kEighths) + std::string(kParts[static_cast<std::size_t>(eighths % kEighths)]);
}

// To the left there are no partial blocks to draw with: whole columns.
std::string RenderBar(const Bar& bar, const Scale& scale, bool unicode) {
  const long left_columns = (scale.Eighths(-scale.least) + kEighths / 2) / kEighths;
  const long right_columns = (scale.Eighths(scale.most) + kEighths - 1) / kEighths;
  const long negative = bar.value < 0 ? (scale.Eighths(-bar.value) + kEighths / 2) / kEighths : 0;
  std::string line =
      std::string(static_cast<std::size_t>(left_columns - negative), ' ') + Repeat(unicode ? "█" : "#", negative);
  const std::string right = bar.value > 0 ? Rightwards(scale.Eighths(bar.value), unicode) : "";
  const auto drawn = static_cast<long>(DisplayWidth(right));
  return line + right + std::string(static_cast<std::size_t>(std::max(right_columns - drawn, 0L)), ' ');
}

}  // namespace

std::string RenderBarChart(const std::vector<Bar>& bars, const OutputStyle& style) {
  if (bars.empty() || bars.size() > kBarsMax) return {};
  std::size_t label_width = 0, text_width = 0;
  Scale scale;
  for (const Bar& bar : bars) {
    label_width = std::max(label_width, DisplayWidth(bar.label));
    text_width = std::max(text_width, DisplayWidth(bar.text));
    scale.least = std::min(scale.least, bar.value);
    scale.most = std::max(scale.most, bar.value);
  }
  const std::size_t taken = label_width + text_width + 4;
  const auto width = static_cast<std::size_t>(style.width_columns);
  scale.columns = std::clamp(width > taken ? width - taken : 0, kBarColumnsMin, kBarColumnsMax);
  std::string out;
  for (const Bar& bar : bars) {
    out += bar.label + std::string(label_width - DisplayWidth(bar.label) + 2, ' ') +
           RenderBar(bar, scale, style.unicode) + " " + std::string(text_width - DisplayWidth(bar.text), ' ') +
           bar.text + "\n";
  }
  return out;
}

}  // namespace cloister::cli
