#include "ledger/accounts.h"

#include <algorithm>

namespace cloister::ledger {
namespace {

Error OverLimit(const agreement::Charge& charge, const std::string& limit) {
  return ResourceExhausted("dataset " + charge.dataset.str() + ": " + limit);
}

void Add(Spending& sum, const Spending& more) {
  sum.runs += more.runs;
  sum.epsilon += more.epsilon;
  sum.delta += more.delta;
}

Spending AmountOf(const agreement::Charge& charge) {
  return {.runs = charge.runs, .epsilon = charge.epsilon, .delta = charge.delta};
}

Spending Larger(const Spending& a, const Spending& b) {
  return {
      .runs = std::max(a.runs, b.runs), .epsilon = std::max(a.epsilon, b.epsilon), .delta = std::max(a.delta, b.delta)};
}

}  // namespace

Spending Accounts::SpentOn(const DatasetId& dataset) const {
  Spending sum;
  const auto bookings = bookings_.find(dataset);
  if (bookings == bookings_.end()) return sum;
  for (const auto& [query, booking] : bookings->second) Add(sum, booking.amount);
  return sum;
}

Status Accounts::CheckFits(const Digest256& query, const agreement::Charge& charge,
                           const agreement::DatasetPolicy& policy) const {
  Spending amount = AmountOf(charge);
  Spending after;
  if (const auto bookings = bookings_.find(charge.dataset); bookings != bookings_.end()) {
    for (const auto& [other, booking] : bookings->second) {
      if (other == query) {
        if (booking.settled) return {};
        amount = Larger(amount, booking.amount);
      } else {
        Add(after, booking.amount);
      }
    }
  }
  Add(after, amount);
  if (policy.limits.runs && after.runs > *policy.limits.runs) {
    return OverLimit(charge, "its limit of " + std::to_string(*policy.limits.runs) + " runs is reached");
  }
  if (amount.epsilon > 0 && after.epsilon > policy.budget.epsilon_budget) {
    return OverLimit(charge, "its budget of epsilon is used up");
  }
  if (amount.delta > 0 && after.delta > policy.budget.delta_budget) {
    return OverLimit(charge, "its budget of delta is used up");
  }
  return {};
}

void Accounts::Book(const Digest256& query, const agreement::Charge& charge) {
  Booking& booking = bookings_[charge.dataset][query];
  booking.amount = Larger(booking.amount, AmountOf(charge));
}

void Accounts::Settle(const Digest256& query) {
  for (auto& [dataset, bookings] : bookings_) {
    const auto booking = bookings.find(query);
    if (booking != bookings.end()) booking->second.settled = true;
  }
}

void Accounts::GiveBack(const Digest256& query) {
  for (auto& [dataset, bookings] : bookings_) {
    const auto booking = bookings.find(query);
    if (booking != bookings.end() && !booking->second.settled) bookings.erase(booking);
  }
}

}  // namespace cloister::ledger
