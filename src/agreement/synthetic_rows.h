#pragma once

// Rows of nobody: a table that has a dataset's columns, types, roles, bounds, grids and hierarchies, made from its
// manifest and a seed alone. An analyst tries a query on it before anybody's data is asked; no byte of it depends on
// data, because nothing here can read any.
//
//   people     1, 2, ... of one population for all datasets, so that joins on keys of one domain find partners; each
//              dataset holds about nine tenths of them, with one to three rows each (one, in a public table)
//   texts      a few values a column, named after it, the later the rarer, so that thresholds have something to hide;
//              columns of one name have the same values in all datasets. Digits where the owner generalises by
//              left(column, n).
//   numbers    inside the bounds (0 to 100 where none are stated), small ones more often, on the granularity
//   dates      from 2020-01-01 to 2025-12-31
//   no value   one in fifty, but never for the person
//
// Same schema, policy, name, options: same bytes. Thread-safe.

#include <cstdint>
#include <string>

#include "agreement/policy.h"

namespace cloister::agreement {

inline constexpr std::int64_t kSyntheticPeopleMax = 100'000;

struct SyntheticTable {
  const std::string& name;  // of the dataset
  const DatasetSchema& schema;
  const DatasetPolicy& policy;
  std::int64_t people = 1000;  // of the population, at most kSyntheticPeopleMax
  std::int64_t seed = 1;
};
// CSV with a header, as the engine reads it (engine/load.h).
std::string SyntheticCsv(const SyntheticTable& table);

}  // namespace cloister::agreement
