#pragma once

// What a reader of the answer must know about its noise, as data; the same in the report and beside the result. It
// follows from the plan alone, so it says nothing about any row.
//
//   {"columns":[{"name":"n","kind":"count","parts":[{"mechanism":"discrete_laplace","epsilon":0.5,"scale":8,
//     "half_width_95":24}]}, ...], "groups":[{"epsilon":0.5,"delta":1e-6,"likely_from":27,"certain_from":53}]}
//
// `scale` and `half_width_95` are in the column's own unit: the exact value of a count or a sum lies within the shown
// one plus or minus half_width_95 with 95 %. A column that is computed of several numbers lists the noise of each; one
// that the query computes itself is not listed. `groups`: from how many persons on a group is likely, and certain, to
// be shown.

#include "codec/json.h"
#include "sql/lower/noisy_stages.h"

namespace cloister::sql {

codec::JsonObject DescribeNoise(const PrivateQuery& query, const NoisyStages& stages);

}  // namespace cloister::sql
