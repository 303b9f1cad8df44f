#pragma once

// A dataset's spending as people read it.

#include "agreement/policy.h"
#include "ledger/accounts.h"

namespace cloister::ledger {

// The epsilon that holds, with the budget's delta, for all that was spent: the sum, or what the owner's zCDP account
// proves (Gaussian noise included). Never more than the budget while charges fit.
double EpsilonSpent(const Spending& spent, const agreement::DatasetPolicy& policy);

// The delta for which the odometer is told: the budget's, and 1e-9 where the owner's budget has none.
double OdometerDelta(const agreement::DatasetPolicy& policy);

}  // namespace cloister::ledger
