#include "ledger/accounts.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "privacy/loss_distribution.h"

namespace cloister::ledger {
namespace {

using privacy::Rounding;

Error OverLimit(const DatasetId& dataset, const std::string& limit) {
  return ResourceExhausted("dataset " + dataset.str() + ": " + limit);
}

template <typename AmountType>
AmountType Read(double number, Rounding rounding) {
  auto amount = AmountType::FromNumber(number, rounding);
  CLOISTER_CHECK(amount.has_value());  // decoders allow nothing else
  return *amount;
}

std::string LimitWords(privacy::BudgetLimit limit) {
  if (limit == privacy::BudgetLimit::kEpsilon) return "its budget of epsilon is used up";
  if (limit == privacy::BudgetLimit::kDelta) return "its budget of delta is used up";
  return "its budget adds up sums of epsilon, which hold no Gaussian noise; its owner can choose the accounting zcdp";
}

Cost Larger(const Cost& a, const Cost& b) {
  return {.runs = std::max(a.runs, b.runs),
          .privacy = {.epsilon = std::max(a.privacy.epsilon, b.privacy.epsilon),
                      .delta = std::max(a.privacy.delta, b.privacy.delta),
                      .rho = std::max(a.privacy.rho, b.privacy.rho)}};
}

// A dataset's limits and what has been taken from them.
struct Account {
  const DatasetId& dataset;
  const agreement::DatasetPolicy& policy;
  Spending spent = {};
};

Status CheckRoom(const Account& account, const Cost& cost) {
  const auto& runs = account.policy.limits.runs;
  if (runs && cost.runs > *runs - account.spent.runs) {
    return OverLimit(account.dataset, "its limit of " + std::to_string(*runs) + " runs is reached");
  }
  const auto limit = privacy::LimitPassed(BudgetOf(account.policy), account.spent.privacy, cost.privacy);
  if (limit != privacy::BudgetLimit::kNone) return OverLimit(account.dataset, LimitWords(limit));
  return {};
}

void AddTo(Spending& spent, const Cost& cost) {
  spent.runs += cost.runs;
  spent.privacy.Add(cost.privacy);
}

}  // namespace

privacy::PrivacyBudget BudgetOf(const agreement::DatasetPolicy& policy) {
  const bool sums = policy.budget.accounting == agreement::BudgetAccounting::kSums;
  return {.accounting = sums ? privacy::Accounting::kSums : privacy::Accounting::kZcdp,
          .epsilon = Read<privacy::Epsilon>(policy.budget.epsilon_budget, Rounding::kDown),
          .delta = Read<privacy::Delta>(policy.budget.delta_budget, Rounding::kDown)};
}

Cost CostOf(const agreement::Charge& charge) {
  return {.runs = charge.runs,
          .privacy = {.epsilon = Read<privacy::Epsilon>(charge.epsilon, Rounding::kUp),
                      .delta = Read<privacy::Delta>(charge.delta, Rounding::kUp),
                      .rho = Read<privacy::Rho>(charge.rho, Rounding::kUp)}};
}

Status CheckFits(const Spending& spent, const agreement::Charge& charge, const agreement::DatasetPolicy& policy) {
  return CheckRoom({.dataset = charge.dataset, .policy = policy, .spent = spent}, CostOf(charge));
}

std::int64_t QueriesLeft(const Spending& spent, const agreement::Charge& charge,
                         const agreement::DatasetPolicy& policy) {
  std::int64_t left = privacy::QueriesLeft(BudgetOf(policy), spent.privacy, CostOf(charge).privacy);
  if (policy.limits.runs && charge.runs > 0) {
    left = std::min(left, std::max(std::int64_t{0}, *policy.limits.runs - spent.runs) / charge.runs);
  }
  return left;
}

Spending Accounts::SpentOn(const DatasetId& dataset) const {
  Spending sum;
  const auto bookings = bookings_.find(dataset);
  if (bookings == bookings_.end()) return sum;
  for (const auto& [query, booking] : bookings->second) AddTo(sum, booking.cost);
  return sum;
}

// A query that is booked already is looked at as if it were not, with the larger of its two amounts.
Status Accounts::CheckFits(const Digest256& query, const agreement::Charge& charge,
                           const agreement::DatasetPolicy& policy) const {
  Account account{.dataset = charge.dataset, .policy = policy};
  Cost cost = CostOf(charge);
  if (const auto bookings = bookings_.find(charge.dataset); bookings != bookings_.end()) {
    for (const auto& [other, booking] : bookings->second) {
      if (other != query) {
        AddTo(account.spent, booking.cost);
      } else if (booking.settled) {
        return {};
      } else {
        cost = Larger(cost, booking.cost);
      }
    }
  }
  return CheckRoom(account, cost);
}

void Accounts::Book(const Digest256& query, const agreement::Charge& charge) {
  Booking& booking = bookings_[charge.dataset][query];
  booking.cost = Larger(booking.cost, CostOf(charge));
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

// Queries of the same price are one distribution, repeated.
double Accounts::OdometerOf(const DatasetId& dataset, double delta) const {
  using Price = std::tuple<privacy::Epsilon, privacy::Delta, privacy::Rho>;
  std::map<Price, std::int64_t> prices;
  if (const auto bookings = bookings_.find(dataset); bookings != bookings_.end()) {
    for (const auto& [query, booking] : bookings->second) {
      const privacy::PrivacyLoss& loss = booking.cost.privacy;
      if (!loss.IsZero()) ++prices[{loss.epsilon, loss.delta, loss.rho}];
    }
  }
  privacy::LossDistribution all;
  for (const auto& [price, count] : prices) {
    const auto& [epsilon, loss_delta, rho] = price;
    const auto one = privacy::LossDistribution::OfLoss({.epsilon = epsilon, .delta = loss_delta, .rho = rho});
    all = all.Then(one.Repeated(count));
  }
  return all.EpsilonFor(delta);
}

}  // namespace cloister::ledger
