#pragma once

// What has been taken from each dataset's limits. An owner's approval carries its charge, and the charge
// counts from the moment the approval is recorded, whether its query runs here or not: a host that runs a
// second enclave must feed it the same chain of approvals, so neither can spend what the other has. One query
// is charged once per dataset.
//
// A charge comes back only while its query has no reservation, when somebody without whom it cannot run has
// rejected it.

#include <cstdint>
#include <map>
#include <string>

#include "agreement/charge.h"
#include "agreement/policy.h"
#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"

namespace cloister::ledger {

struct Spending {
  std::int64_t runs = 0;
  double epsilon = 0;
  double delta = 0;
  bool operator==(const Spending&) const = default;
};

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

 private:
  struct Booking {
    Spending amount;
    bool settled = false;
  };
  std::map<DatasetId, std::map<Digest256, Booking>> bookings_;
};

}  // namespace cloister::ledger
