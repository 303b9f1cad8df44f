#pragma once

// What one query costs one dataset: a run, and what differential privacy takes from its budget.
//
// JSON: {"dataset":"ds_...","runs":1,"epsilon":0,"delta":0}; lists are sorted by dataset, none twice.

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

struct Charge {
  DatasetId dataset;
  std::int64_t runs = 1;
  double epsilon = 0;
  double delta = 0;
  bool operator==(const Charge&) const = default;
};

codec::Json EncodeCharges(const std::vector<Charge>& charges);
// Sorted and unique, at most kQueryDatasetsMax.
Result<std::vector<Charge>> DecodeCharges(const codec::JsonArray& array, const std::string& where);

}  // namespace cloister::agreement
