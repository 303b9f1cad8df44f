#pragma once

// Complete policies out of a schema and the column that identifies a person, for owners who want to begin safely. All
// that a preset decides stands in the tables of policy_presets.cc and in this comment; what it writes is an ordinary
// policy, to be read, changed and signed like one written by hand.
//
//   aggregates_only      level aggregate_only. k = 25, 100 runs.
//   research_release     levels k_anonymized and aggregate_only. k = 11, 20 runs: one pinned release of rows, whose
//                        quasi-identifiers are generalised, beside counts. k = 11 is what the European Medicines Agency
//                        asks of published clinical reports (a risk of 0.09).
//   private_statistics   level differential_privacy alone. epsilon 5 in all and 0.5 a query, delta 1e-6 and 1e-7; a
//                        person counts in at most 4 groups with at most 4 rows. k = 25 stands beside it.
//   public_table         no person is in it, so no unit: every column public, levels aggregate_only and full_access.
//
// Columns under the first three, by the first line that fits:
//
//   the unit                              join_key of the domain "person"
//   its name says identifier or free text hidden: a word such as id, name, email, note, address (policy_presets.cc)
//   BOOLEAN                               dimension and measure, bounds [0,1]
//   VARCHAR                               dimension, quasi-identifier, generalised by value and *
//   DATE, TIMESTAMP                       dimension, quasi-identifier, by year
//   number named for an age or a year     dimension, quasi-identifier, generalised by 5, 10, 20 and *
//   other numbers                         measure; no filter (no grid is known), no bounds: an owner who knows the
//                                         range adds `bounds`, `filter_grid` and `granularity`
//   named for health, money or belief     besides the above `sensitive` with l = 2 (research_release)
//
// A schema cannot say everything: what is sensitive, what a measure's range is, and which texts name persons is for the
// owner to read and mend before he signs.

#include <span>
#include <string>
#include <string_view>

#include "agreement/policy.h"
#include "base/result.h"

namespace cloister::agreement {

struct PolicyPreset {
  std::string_view name;
  std::string_view words;  // what it is for, one line
};
std::span<const PolicyPreset> PolicyPresets();

// `unit` names a column of the schema; empty for public_table alone. kInvalidArgument with the mend for an unknown
// preset, a unit that is no column, or one that is a floating point number.
Result<DatasetPolicy> PresetPolicy(std::string_view preset, const DatasetSchema& schema, std::string_view unit);

}  // namespace cloister::agreement
