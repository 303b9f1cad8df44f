#include "cli/budget.h"

namespace cloister::cli {
namespace {

std::optional<std::string> Exceeded(const agreement::DatasetPolicy& policy, const ledger::Spending& spent,
                                    const agreement::Charge& charge) {
  if (policy.limits.runs && spent.runs + charge.runs > *policy.limits.runs) {
    return "its " + std::to_string(*policy.limits.runs) + " runs are used up";
  }
  if (charge.epsilon > 0 && spent.epsilon + charge.epsilon > policy.budget.epsilon_budget) {
    return "its budget of epsilon is used up";
  }
  if (charge.delta > 0 && spent.delta + charge.delta > policy.budget.delta_budget)
    return "its budget of delta is used up";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> BudgetObstacle(const ledger::LedgerState& state,
                                          const std::vector<agreement::Charge>& charges) {
  for (const agreement::Charge& charge : charges) {
    const ledger::ManifestRecord* manifest = state.ManifestInForce(charge.dataset);
    if (manifest == nullptr) continue;  // another check's finding
    const auto exceeded = Exceeded(manifest->manifest.policy, state.SpentOn(charge.dataset), charge);
    if (exceeded) {
      return "dataset " + manifest->manifest.name + ": " + *exceeded +
             "; its owner can sign a manifest that allows more";
    }
  }
  return std::nullopt;
}

}  // namespace cloister::cli
