#include "bar.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace cloister::bench {

std::vector<Bar>& Bars() {
  static std::vector<Bar> bars;
  return bars;
}

std::vector<Worker>& Workers() {
  static std::vector<Worker> workers;
  return workers;
}

double Median(std::vector<double> values) {
  CLOISTER_CHECK(!values.empty());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Rounded(double value) { return std::round(value * 1000) / 1000; }

}  // namespace cloister::bench
