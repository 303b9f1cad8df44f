#pragma once

// A small bar chart in the terminal: one label and one number per line. Bars begin at zero, so that lengths compare as
// the numbers do; numbers below zero go to the left of it.
//
//   coinsurance 0    ████████████████████ 4.55
//   coinsurance 95   ███████████▌         2.63

#include <string>
#include <vector>

#include "cli/output.h"

namespace cloister::cli {

struct Bar {
  std::string label;  // printable
  double value = 0;   // finite
  std::string text;   // the number as the table shows it
};

inline constexpr std::size_t kBarsMax = 40;  // more is a table's work

// Empty for no bars or for more than kBarsMax.
std::string RenderBarChart(const std::vector<Bar>& bars, const OutputStyle& style);

}  // namespace cloister::cli
