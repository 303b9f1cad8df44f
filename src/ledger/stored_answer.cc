#include "ledger/stored_answer.h"

#include <algorithm>

namespace cloister::ledger {

std::vector<agreement::Charge> WithoutPaidPrivacy(const LedgerState& state, const Digest256& plan,
                                                  std::vector<agreement::Charge> charges) {
  const bool paid = std::any_of(state.queries().begin(), state.queries().end(), [&](const auto& entry) {
    const QueryRecord& query = entry.second;
    return query.reservation && query.report && query.report->accepted && query.report->accepted->plan == plan;
  });
  for (agreement::Charge& charge : charges) {
    if (paid) charge = {.dataset = charge.dataset, .runs = charge.runs};
  }
  return charges;
}

}  // namespace cloister::ledger
