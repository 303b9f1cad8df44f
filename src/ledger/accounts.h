#pragma once

// What has been taken from each dataset's limits. An owner's approval carries its charge, and the charge
// counts from the moment the approval is recorded, whether its query runs here or not: a host that runs a
// second enclave must feed it the same chain of approvals, so neither can spend what the other has. One query
// is charged once per dataset.
//
// A charge comes back only while its query has no reservation, when somebody without whom it cannot run has
// rejected it.
//
// Amounts are integers (privacy/amount.h): ten charges of 0.1 fill a budget of 1 whatever their order, and what fits
// does not depend on who adds up. The rule by which they fit is the owner's `accounting` (privacy/accountant.h).

#include <cstdint>
#include <map>
#include <string>

#include "agreement/charge.h"
#include "agreement/policy.h"
#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "privacy/accountant.h"

namespace cloister::ledger {

struct Spending {
  std::int64_t runs = 0;
  privacy::PrivacySpent privacy = {};
  bool operator==(const Spending&) const = default;
};

// What the owner allows in all; rounded down.
privacy::PrivacyBudget BudgetOf(const agreement::DatasetPolicy& policy);

struct Cost {
  std::int64_t runs = 0;
  privacy::PrivacyLoss privacy = {};
};
// What the charge takes; rounded up. The charge comes from a decoded document, or the process stops.
Cost CostOf(const agreement::Charge& charge);

// kResourceExhausted, with the dataset and the limit named, when the charge does not fit beside `spent`.
Status CheckFits(const Spending& spent, const agreement::Charge& charge, const agreement::DatasetPolicy& policy);
// How many queries of this charge still fit one after the other, at most privacy::kQueriesLeftMax.
std::int64_t QueriesLeft(const Spending& spent, const agreement::Charge& charge,
                         const agreement::DatasetPolicy& policy);

// Thread-compatible.
class Accounts {
 public:
  // kResourceExhausted, with the limit named, when the charge does not fit beside what this dataset has
  // spent.
  Status CheckFits(const Digest256& query, const agreement::Charge& charge,
                   const agreement::DatasetPolicy& policy) const;
  // Books the charge of `query`. Booked again it is charged once: the larger amount of the two.
  void Book(const Digest256& query, const agreement::Charge& charge);
  // From here on the charges of `query` cannot come back.
  void Settle(const Digest256& query);
  // Gives the charges of `query` back, unless they are settled.
  void GiveBack(const Digest256& query);

  Spending SpentOn(const DatasetId& dataset) const;
  // A tighter word on the same spending, for reports alone: the epsilon that holds with `delta` had all queries been
  // fixed beforehand (privacy/loss_distribution.h). Infinite when the charges' own deltas are more than that.
  double OdometerOf(const DatasetId& dataset, double delta) const;

 private:
  struct Booking {
    Cost cost = {};
    bool settled = false;
  };
  std::map<DatasetId, std::map<Digest256, Booking>> bookings_;
};

}  // namespace cloister::ledger
