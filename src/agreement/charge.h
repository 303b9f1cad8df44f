#pragma once

// What one query costs one dataset: a run, and what differential privacy takes from its budget: (epsilon, delta) for
// Laplace noise, selection of groups and quantiles, and rho (zCDP) for Gaussian noise.
//
// JSON: {"dataset":"ds_...","runs":1,"epsilon":0,"delta":0}, and "rho" above 0 where there is Gaussian noise; lists are
// sorted by dataset, none twice. The numbers are decimals: accounts add up what these bytes say, not what a double
// holds (privacy/amount.h).

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::agreement {

inline constexpr std::size_t kQueryDatasetsMax = 64;
inline constexpr std::int64_t kRunsMax = 1'000'000'000;
inline constexpr double kEpsilonMax = 1e6;
inline constexpr double kRhoMax = 1e6;

struct Charge {
  DatasetId dataset;
  std::int64_t runs = 1;
  double epsilon = 0;
  double delta = 0;
  double rho = 0;
  bool operator==(const Charge&) const = default;
};

codec::Json EncodeCharges(const std::vector<Charge>& charges);
// Sorted and unique, at most kQueryDatasetsMax.
Result<std::vector<Charge>> DecodeCharges(const codec::JsonArray& array, const std::string& where);

}  // namespace cloister::agreement
