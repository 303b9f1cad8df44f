#pragma once

// What the numbers of a release are sums of: datasets' columns, by names that answers have in common whatever they
// compute of them, so that the guard against differencing knows which of them can be subtracted.
//
//   AVG(2 * charge + 1) over visits               "ds_visits.charge"
//   SUM(s) over (SELECT patient_id, SUM(charge) AS s ... GROUP BY patient_id)     the same
//   COUNT(*), COUNT(charge)                       "#", and of the latter the column too
//   SUM(charge + 1), SUM(CASE ... THEN 1 END)     "#" beside the columns: they count rows
//
// Keys and public values weigh persons, so they count them.

#include <set>
#include <string>
#include <string_view>

#include "sql/passes/release.h"

namespace cloister::sql {

// Counts of whatever are one measure: AVG and SUM of it give the other.
inline constexpr std::string_view kCountMeasure = "#";

using Measures = std::set<std::string>;

// The leaf of a block that has this source; null when it lies further up.
const UnitTable* TableOf(const UnitBlock& block, int source);

Measures MeasuresOf(const UnitAggregate& aggregate, const UnitBlock& block);
// Some of these over one measure give how many rows there are: SUM and AVG, a sample's variance and the population's.
bool GiveCounts(const std::vector<UnitAggregate>& aggregates, const UnitBlock& block);
// Of a column of a table that is made of blocks: those of the expressions that it stands for.
Measures MeasuresOfColumn(const UnitTable& table, int column);
// A column of a dataset that is no key.
bool IsMeasured(const UnitTable& table, int column);
std::string MeasureName(const UnitTable& table, int column);

}  // namespace cloister::sql
