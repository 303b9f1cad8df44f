#pragma once

// Full-domain generalisation: one level for each quasi-identifier, the same for all rows; classes that break the rule
// are suppressed. Of all nodes of the lattice that suppress no more than allowed, the one that loses least.
//
// Exact: nodes are tried in the order of what they lose without suppressing anything, which is a lower bound of what
// they lose with it, until that bound passes the best loss found. Ties go to the lower levels of the columns in order.
//
//   zip 00142 00142 00143 00150, levels value, left 4, *; k = 2, nothing suppressed
//     value breaks (00143, 00150); left 4 breaks (0015); * is the node. With a quarter suppressed: left 4.
//
// Cost: rows once, then the different combinations of values a node; at most kLatticeNodesMax nodes exist.

#include "privacy/kanon/table.h"

namespace cloister::privacy {

inline constexpr std::size_t kLatticeNodesMax = 100'000;

struct Anonymised {
  std::vector<EquivalenceClass> classes;  // ordered by their first row; each row in at most one
  double loss = 1;                        // normalised certainty penalty, suppressed rows as 1 (loss.h)
};

// `suppression_max`: the share of rows that may be suppressed, 0 to 1. When even the top of the lattice breaks the rule
// all rows are suppressed, whatever was allowed: the answer is empty, not an error.
// kInvalidArgument: the table or the rule is not in range; kResourceExhausted: too many nodes.
Result<Anonymised> GeneraliseFullDomain(const AnonymousTable& table, std::int64_t k, double suppression_max);

}  // namespace cloister::privacy
