#pragma once

// Queries that a policy probably admits, written from schema and policy alone. Candidates: whoever shows them asks the
// compiler first.

#include <string>
#include <vector>

#include "cli/local_compiler.h"

namespace cloister::cli {

struct ExampleQuery {
  std::string title;  // "people by ward"
  std::string text;
  std::string level;
};

// On one dataset: counts by a dimension, an average, a month, a filter on the grid, a median; rows where they are
// granted.
std::vector<ExampleQuery> ExamplesOn(const SceneDataset& dataset);
// One for each pair of datasets whose units are of one domain, at a level that both grant.
std::vector<ExampleQuery> ExamplesAcross(const std::vector<SceneDataset>& datasets);

}  // namespace cloister::cli
