#pragma once

// What a new policy of a dataset changes, in sentences, for the owner who is about to sign it and for anybody who reads
// the ledger: what is looser, what is stricter, and what is neither for sure.
//
//   looser    groups need 10 people, not 25
//   stricter  cost: quantiles are no longer allowed
//   other     zip: generalised by left(zip,3), * instead of left(zip,4), *
//
// A change is "looser" if anything is allowed after it that was not before, as far as one member alone can say. Values;
// thread-compatible.

#include <string>
#include <string_view>
#include <vector>

#include "agreement/policy.h"

namespace cloister::agreement {

struct PolicyChange {
  enum class Kind { kLooser, kStricter, kOther };
  Kind kind = Kind::kOther;
  std::string words;  // one line, no full stop
  bool operator==(const PolicyChange&) const = default;
};
std::string_view PolicyChangeKindName(PolicyChange::Kind kind);  // "looser"

// Looser first, then other, then stricter; in each the whole dataset before its columns by name. Empty exactly when the
// policies are equal.
std::vector<PolicyChange> DiffPolicy(const DatasetPolicy& from, const DatasetPolicy& to);

// The policy that allows nothing: what a first version is compared with.
DatasetPolicy NothingAllowed();

}  // namespace cloister::agreement
