#pragma once

// cloister_units_up_to(limit, unit): how many different units are behind a group, as far as it matters: the least of
// that number and `limit`. What a threshold reads ("at least k", "0 or at least k") instead of COUNT(DISTINCT unit),
// which keeps every unit of every group: this keeps at most `limit` of them, and a group that has enough costs one
// comparison a row.
//
//   SELECT ward FROM visits GROUP BY ward HAVING cloister_units_up_to(10, patient_id) >= 10
//
// cloister_unit_count(unit): the number itself, of a BIGINT key: COUNT(DISTINCT unit) by lists and bitmaps, for tests
// that subtract counts.
//
// The former is an aggregate over a unit's key (BIGINT or VARCHAR; NULL is nobody) that gives a BIGINT. `limit` is the
// same in all rows of a group, at least 1. Exact, whatever the order of rows and the number of threads. Memory, beside
// the engine's own: `limit` keys a group; of the count at most 16 bytes a unit, and never more than an eighth of a byte
// a key between the least and the largest.

#include "base/result.h"
#include "engine/duckdb_handles.h"

namespace cloister::engine {

// Makes both known; once for a database.
Status RegisterUnitCount(duckdb_connection connection);

}  // namespace cloister::engine
