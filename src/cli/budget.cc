#include "cli/budget.h"

namespace cloister::cli {

std::optional<std::string> BudgetObstacle(const ledger::LedgerState& state,
                                          const std::vector<agreement::Charge>& charges) {
  for (const agreement::Charge& charge : charges) {
    const ledger::ManifestRecord* manifest = state.ManifestInForce(charge.dataset);
    if (manifest == nullptr) continue;  // another check's finding
    const Status fits = ledger::CheckFits(state.SpentOn(charge.dataset), charge, manifest->manifest.policy);
    if (!fits) {
      return manifest->manifest.name + ", " + fits.error().public_message +
             "; its owner can sign a manifest that allows more";
    }
  }
  return std::nullopt;
}

}  // namespace cloister::cli
