#pragma once

// Queries that a policy probably admits, written from schema and policy alone. Candidates: whoever shows them asks the
// compiler first. The client's catalogue and the server's show the same ones.

#include <string>
#include <vector>

#include "agreement/policy.h"

namespace cloister::agreement {

struct ExampleQuery {
  std::string title;  // "people by ward"
  std::string text;
  std::string level;
};

// A dataset as queries see it. What it refers to outlives it.
struct NamedTerms {
  std::string name;
  const DatasetSchema& schema;
  const DatasetPolicy& policy;
};

// On one dataset: counts by a dimension, an average, a month, a filter on the grid, a median; rows where they are
// granted.
std::vector<ExampleQuery> ExamplesOn(const NamedTerms& dataset);
// One for each pair of datasets whose units are of one domain, at a level that both grant. Names are of one dataset
// each.
std::vector<ExampleQuery> ExamplesAcross(const std::vector<NamedTerms>& datasets);

}  // namespace cloister::agreement
