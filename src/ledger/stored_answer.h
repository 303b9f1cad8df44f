#pragma once

// What an answer costs that was given before. Noise is a function of the plan's canonical bytes, which hold manifests
// and every parameter (docs/formats/noise.md): a query that compiles to a plan that was charged in this environment
// gets the same numbers, so it takes nothing from a privacy budget. It is a query like any other besides: its own
// approvals, its own run, its own receipt.

#include <vector>

#include "agreement/charge.h"
#include "ledger/replay.h"

namespace cloister::ledger {

// The charges with nothing of the privacy budgets, if a query of that plan has its reservation; as they are otherwise.
// A reservation is never given back, so that what the first one paid stays paid.
std::vector<agreement::Charge> WithoutPaidPrivacy(const LedgerState& state, const Digest256& plan,
                                                  std::vector<agreement::Charge> charges);

}  // namespace cloister::ledger
