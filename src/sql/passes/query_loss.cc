#include "sql/passes/query_loss.h"

#include <algorithm>
#include <cmath>

#include "agreement/charge.h"

namespace cloister::sql {
namespace {

std::string Text(double number) { return codec::CanonicalJson(number); }

struct Wish {
  std::optional<double> epsilon;
  std::optional<double> delta;
  bool gaussian = false;
};

std::optional<double> Number(const codec::Json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.to_number<double>();
  return std::isfinite(number) && number >= 0 ? std::optional(number) : std::nullopt;
}

Wish ReadWish(const CompileRequest& request, Findings& findings) {
  Wish wish;
  for (const auto& member : request.privacy) {
    const std::string name(member.key());
    if (name == "epsilon" || name == "delta") {
      const auto number = Number(member.value());
      (name == "epsilon" ? wish.epsilon : wish.delta) = number;
      if (number && (name == "delta" || *number > 0)) continue;
    } else if (name == "mechanism") {
      const auto* text = member.value().if_string();
      wish.gaussian = text != nullptr && *text == "gaussian";
      if (wish.gaussian || (text != nullptr && *text == "laplace")) continue;
    }
    findings.Add({"R25", findings.Whole(),
                  "The privacy parameters are epsilon (above 0), delta (0 or more) and mechanism (laplace or "
                  "gaussian)."});
  }
  return wish;
}

void CheckLimit(const CompileDataset& dataset, std::string_view name, double wanted, double per_query, double budget,
                Findings& findings) {
  const double most = std::min(per_query, budget);
  if (wanted <= most && (wanted > 0 || name != "epsilon")) return;
  const std::string mend = most > 0 ? "ask for at most " + Text(most)
                                    : "ask " + dataset.organisation + " to set a budget in the dataset's policy";
  findings.Add({"R25", findings.Whole(),
                "The owner of " + dataset.name + " allows a query " + std::string(name) + " " + Text(per_query) +
                    " of a budget of " + Text(budget) + "; " + mend + ".",
                dataset.organisation});
}

// Gaussian noise is charged as rho, which sums of epsilon cannot hold (privacy/accountant.h).
void CheckAccounting(const CompileDataset& dataset, Findings& findings) {
  if (dataset.policy.budget.accounting == agreement::BudgetAccounting::kZcdp) return;
  findings.Add({"R25", findings.Whole(),
                "The budget of " + dataset.name +
                    " adds up sums of epsilon, which hold no Gaussian noise; ask for laplace, "
                    "or ask " +
                    dataset.organisation + " for the accounting zcdp in the dataset's policy.",
                dataset.organisation});
}

}  // namespace

QueryLoss CheckLoss(const std::vector<const CompileDataset*>& datasets, const CompileRequest& request,
                    Findings& findings) {
  const Wish wish = ReadWish(request, findings);
  double epsilon = wish.epsilon.value_or(agreement::kEpsilonMax);
  double delta = wish.delta.value_or(1);
  for (const CompileDataset* dataset : datasets) {
    if (dataset->policy.IsPublic()) continue;
    const agreement::PrivacyBudget& budget = dataset->policy.budget;
    if (!wish.epsilon) epsilon = std::min({epsilon, budget.epsilon_per_query, budget.epsilon_budget});
    if (!wish.delta) delta = std::min({delta, budget.delta_per_query, budget.delta_budget});
  }
  for (const CompileDataset* dataset : datasets) {
    if (dataset->policy.IsPublic()) continue;
    const agreement::PrivacyBudget& budget = dataset->policy.budget;
    CheckLimit(*dataset, "epsilon", epsilon, budget.epsilon_per_query, budget.epsilon_budget, findings);
    CheckLimit(*dataset, "delta", delta, budget.delta_per_query, budget.delta_budget, findings);
    if (wish.gaussian) CheckAccounting(*dataset, findings);
  }
  QueryLoss loss{.gaussian = wish.gaussian, .epsilon = {}, .delta = {}};
  if (const auto exact = privacy::Epsilon::FromNumber(epsilon, privacy::Rounding::kDown)) loss.epsilon = *exact;
  if (const auto exact = privacy::Delta::FromNumber(delta, privacy::Rounding::kDown)) loss.delta = *exact;
  return loss;
}

}  // namespace cloister::sql
