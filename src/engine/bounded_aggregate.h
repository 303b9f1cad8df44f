#pragma once

// cloister_bounded_N(limit, choice, group, value...): of the rows of one person, the sums of those groups that have the
// least choices. The aggregate of a plan's stage that bounds contributions where a person is in many groups: one pass
// and one small state a person, instead of a hash table of persons and groups and a sort of it.
//
//   SELECT UNNEST(cloister_bounded_4(3, cloister_choice(u, g), g, v)) FROM rows GROUP BY u
//   -> up to 3 values {g UBIGINT, r0 HUGEINT} for each u
//
// `limit` is the same in all rows, at most N; `choice` is a function of person and group, so a group that has once been
// left out could never come back, and every group that stays has seen all its rows. Sums are exact whatever the order
// of rows; a NULL value adds nothing. The state has a fixed size (N groups), inside the engine's memory limit.

#include <array>

#include "base/result.h"
#include "engine/duckdb_handles.h"

namespace cloister::engine {

inline constexpr std::array<int, 5> kBoundedSizes = {1, 2, 4, 8, 16};
inline constexpr int kBoundedValuesMax = 8;

// Makes the aggregates known; once for a database.
Status RegisterBounded(duckdb_connection connection);

}  // namespace cloister::engine
