// `budget`: what each dataset has left, from the verified ledger.

#include <algorithm>
#include <cmath>

#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/verify.h"
#include "ledger/budget_report.h"

namespace cloister::cli {
namespace {

struct Line {
  const agreement::Manifest& manifest;
  ledger::Spending spent;
  double odometer = 0;  // what the spending is worth by loss distributions; says less than the account, admits nothing

  const agreement::PrivacyBudget& budget() const { return manifest.policy.budget; }
  bool HasBudget() const { return manifest.policy.levels.contains(agreement::Level::kDifferentialPrivacy); }
  std::optional<std::int64_t> RunsLeft() const {
    if (!manifest.policy.limits.runs) return std::nullopt;
    return std::max<std::int64_t>(0, *manifest.policy.limits.runs - spent.runs);
  }
  double EpsilonSpent() const { return ledger::EpsilonSpent(spent, manifest.policy); }
  double DeltaSpent() const { return spent.privacy.delta.ToNumber(); }
  // Up, to four digits behind the point: it is a bound.
  double RoundedOdometer() const { return std::ceil(odometer * 1e4 - 1e-6) / 1e4; }
  bool OdometerSaysLess() const { return std::isfinite(odometer) && RoundedOdometer() < EpsilonSpent(); }
  // How many of the largest queries that the owner allows still fit, by the owner's way of adding up.
  std::int64_t QueriesLeft() const {
    return ledger::QueriesLeft(spent,
                               {.dataset = manifest.dataset,
                                .runs = 1,
                                .epsilon = budget().epsilon_per_query,
                                .delta = budget().delta_per_query},
                               manifest.policy);
  }
};

std::string Number(double value) { return codec::CanonicalJson(codec::Json(value)); }

std::string RunsWords(const Line& line) {
  const auto left = line.RunsLeft();
  if (!left) return std::to_string(line.spent.runs) + " used, no limit";
  return std::to_string(*left) + " of " + std::to_string(*line.manifest.policy.limits.runs) + " left";
}

std::string EpsilonWords(const Line& line) {
  if (!line.HasBudget()) return "not granted";
  const std::string by = line.budget().accounting == agreement::BudgetAccounting::kZcdp ? ", added up by zCDP" : "";
  std::string words = Number(line.EpsilonSpent()) + " of " + Number(line.budget().epsilon_budget) + " spent" + by;
  if (line.OdometerSaysLess()) words += "; together worth " + Number(line.RoundedOdometer());
  return words;
}

std::string QueriesWords(const Line& line) {
  return line.HasBudget() ? "about " + std::to_string(line.QueriesLeft()) : "";
}

codec::JsonObject Encode(const Line& line) {
  codec::JsonObject json{{"dataset", line.manifest.dataset.str()},
                         {"name", line.manifest.name},
                         {"runs_used", line.spent.runs}};
  if (line.RunsLeft()) json["runs_left"] = *line.RunsLeft();
  if (line.HasBudget()) {
    json["epsilon_spent"] = line.EpsilonSpent();
    json["epsilon_budget"] = line.budget().epsilon_budget;
    json["delta_spent"] = line.DeltaSpent();
    json["delta_budget"] = line.budget().delta_budget;
    json["queries_left_about"] = line.QueriesLeft();
    if (std::isfinite(line.odometer)) {
      json["epsilon_odometer"] = line.RoundedOdometer();
      json["odometer_delta"] = ledger::OdometerDelta(line.manifest.policy);
    }
  }
  return json;
}

}  // namespace

Result<ExitCode> Run(Context& context, const BudgetVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment id, FindEnvironment(*session, verb.environment));
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, id, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(*session, environment));
  codec::JsonArray budgets;
  Table table({{"DATASET"}, {"RUNS"}, {"EPSILON"}, {"QUERIES LEFT"}});
  for (const auto& [dataset, record] : state.datasets()) {
    const ledger::ManifestRecord* manifest = state.ManifestInForce(dataset);
    if (manifest == nullptr) continue;
    const Line line{manifest->manifest, state.SpentOn(dataset),
                    state.OdometerOf(dataset, ledger::OdometerDelta(manifest->manifest.policy))};
    budgets.push_back(Encode(line));
    table.Add({line.manifest.name, RunsWords(line), EpsilonWords(line), QueriesWords(line)});
  }
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"environment", id.id.str()}, {"budgets", std::move(budgets)}});
    return ExitCode::kOk;
  }
  if (table.rows() == 0) context.out.Say("No dataset is in force there yet.");
  if (table.rows() > 0) context.out.Line(table.Render(context.out.style()));
  return ExitCode::kOk;
}

}  // namespace cloister::cli
