#pragma once

// What approvers read: the query in words, and its lineage as data. Its digest is what they sign.

#include <map>
#include <set>
#include <string>

#include "sql/compile.h"
#include "sql/passes/private_query.h"

namespace cloister::sql {

// A column of a dataset, what it is used for, and the output column that it reaches ("*": which rows are counted).
struct LineageEdge {
  const CompileDataset* dataset = nullptr;
  std::string column;
  std::string role;  // PROJECTION, GROUP_BY, AGGREGATION, FILTER, JOIN
  std::string output;

  auto Key() const { return std::tie(dataset->id, column, role, output); }
  bool operator<(const LineageEdge& other) const { return Key() < other.Key(); }
};

std::set<LineageEdge> TraceLineage(const PrivateQuery& query);

struct Report {
  std::string canonical;  // RFC 8785
  std::vector<DatasetUse> datasets;
};
Report Explain(const PrivateQuery& query, const ExecutablePlan& plan);

}  // namespace cloister::sql
