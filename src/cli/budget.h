#pragma once

// Whether a query still fits into what the owners allow, before it is signed: a query that does not would be recorded
// and refused all the same, and cost everybody's time.

#include <optional>
#include <string>
#include <vector>

#include "agreement/charge.h"
#include "ledger/replay.h"

namespace cloister::cli {

// Which limit of which dataset is used up, and the mend; nothing if the charges fit.
std::optional<std::string> BudgetObstacle(const ledger::LedgerState& state,
                                          const std::vector<agreement::Charge>& charges);

}  // namespace cloister::cli
