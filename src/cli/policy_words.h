#pragma once

// A policy for people: what each column may do, and what a new version changes.

#include <string>
#include <vector>

#include "agreement/policy_diff.h"
#include "cli/output.h"

namespace cloister::cli {

// What one may do with a column, in words: "group, filter; by month", "sum, average; filter by steps of 1000". Empty
// for a hidden one.
std::string UsesOf(const agreement::ColumnPolicy& column, const agreement::ColumnType& type);
// The same as data: the uses without their conditions, such as ["group","filter"].
codec::JsonArray UseNames(const agreement::ColumnPolicy& column, const agreement::ColumnType& type);

// A table COLUMN TYPE USES in the schema's order.
std::string RenderColumns(const agreement::DatasetSchema& schema, const agreement::DatasetPolicy& policy,
                          const OutputStyle& style);
// Levels, unit, k, limits, budget, people: label and value.
Facts PolicyFacts(const agreement::DatasetPolicy& policy);

// One line a change, the looser first and marked, with words besides colour.
std::string RenderChanges(const Output& out, const std::vector<agreement::PolicyChange>& changes);
codec::JsonArray EncodeChanges(const std::vector<agreement::PolicyChange>& changes);

}  // namespace cloister::cli
