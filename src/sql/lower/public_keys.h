#pragma once

// Group keys whose values everybody may know: the owner lists them in his policy (agreement/public_values.h). Where all
// keys of a release with noise are such columns, its groups are all combinations of the listed values, whatever the
// rows are: nothing is spent on whether a group may be shown, and empty ones come out with noise.
//
//   SELECT ward, COUNT(*) FROM visits WHERE ward IN ('North', 'South', 'West') GROUP BY ward
//   the owner lists North, South, East     groups North, South
//
// What the query's own WHERE says of a key by = or IN with constants leaves values of the list out; nothing else does,
// so another filter gives groups around 0. Values that are not listed, and NULL, are in no group.

#include <optional>
#include <string>
#include <vector>

#include "sql/passes/release.h"
#include "sql/plan_stage.h"

namespace cloister::sql {

// Combinations of values; where there are more, groups are chosen by how many persons they have, as without lists.
inline constexpr std::size_t kPublicGroupsMax = 100'000;

// For each key of a set its values as SQL.
using PublicKeys = std::vector<std::vector<std::string>>;
// Nothing unless all keys are public.
std::optional<PublicKeys> PublicKeysOf(const Release& release, const std::vector<int>& set);
// The test that a key has one of its values.
std::string IsListed(const std::string& key, const std::vector<std::string>& values);
// The stage's SQL with all groups: each combination of values with what its rows add up to, or NULL. The first exact
// columns are the keys.
std::string WithEmptyGroups(const PublicKeys& keys, const PlanStage& stage);

}  // namespace cloister::sql
