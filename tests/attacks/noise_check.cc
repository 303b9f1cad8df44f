#include "noise_check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include "contribution_check.h"
#include "enclave/pacer.h"
#include "privacy/frequency_for_test.h"
#include "value_text.h"

namespace cloister::attacks {
namespace {

using engine::Value;
using sql::NoiseMechanism;
using sql::NoisyRelease;

constexpr int kKeys = 60;            // noise keys that a distribution is looked at with
constexpr int kKeysOfStatements = 8; // ... that a sentence about every answer is
// A mean of 60 absolute deviations is within 40 % of what it estimates, but for one run in 10^3 (Laplace); the keys are
// fixed, so it is in all runs or in none.
constexpr double kScaleMargin = 0.6;
constexpr double kDoubt = 1e-9;

std::vector<const NoisyRelease*> NoisyOf(const Outcome& outcome) {
  std::vector<const NoisyRelease*> noisy;
  for (const sql::PlanStage& stage : outcome.stages) {
    if (const auto* release = std::get_if<NoisyRelease>(&stage.protection)) noisy.push_back(release);
  }
  return noisy;
}

// ---- charges

// What the stages that read this dataset take by their own mechanisms.
privacy::PrivacyLoss LossOfStages(const Outcome& outcome, const std::string& dataset) {
  privacy::PrivacyLoss loss;
  for (const sql::PlanStage& stage : outcome.stages) {
    const auto* release = std::get_if<NoisyRelease>(&stage.protection);
    if (release == nullptr || std::find(stage.datasets.begin(), stage.datasets.end(), dataset) == stage.datasets.end())
      continue;
    for (const NoiseMechanism& mechanism : release->mechanisms) {
      loss.epsilon += mechanism.epsilon;
      loss.rho += mechanism.rho;
    }
    if (release->selection) {
      loss.epsilon += release->selection->parameters.epsilon;
      loss.delta += release->selection->parameters.delta;
    }
  }
  return loss;
}

const sql::DatasetUse* UseOf(const Outcome& outcome, const std::string& dataset) {
  for (const sql::DatasetUse& use : outcome.uses) {
    if (use.id == dataset) return &use;
  }
  return nullptr;
}

// Every protected dataset that a stage reads pays for every mechanism on it.
std::string EveryMechanismIsCharged(const Outcome& outcome) {
  for (const sql::PlanStage& stage : outcome.stages) {
    for (const std::string& dataset : stage.datasets) {
      const sql::DatasetUse* use = UseOf(outcome, dataset);
      if (use == nullptr || use->loss.IsZero()) return dataset + " is read and not charged";
      const privacy::PrivacyLoss made = LossOfStages(outcome, dataset);
      if (made.epsilon > use->loss.epsilon || made.delta > use->loss.delta || made.rho > use->loss.rho)
        return dataset + " is charged less than the mechanisms on it take";
    }
  }
  return outcome.stages.empty() ? "nothing is made noisy" : "";
}

std::string ChargeAtLeast(const codec::JsonObject& body, const Outcome& outcome) {
  if (const std::string problem = EveryMechanismIsCharged(outcome); !problem.empty()) return problem;
  if (const auto* releases = body.if_contains("releases")) {
    std::size_t draws = 0;
    for (const NoisyRelease* release : NoisyOf(outcome)) draws += release->mechanisms.size();
    // Fewer draws than releases are branches that are one release: what is drawn once is charged once.
    const bool may_be_one = body.contains("or");
    if (static_cast<std::int64_t>(draws) < releases->to_number<std::int64_t>() && !may_be_one)
      return "only " + std::to_string(draws) + " releases are charged";
  }
  for (const char* member : {"epsilon", "value"}) {
    const auto* least = body.if_contains(member);
    if (least == nullptr) continue;
    for (const sql::DatasetUse& use : outcome.uses) {
      if (!use.loss.IsZero() && use.loss.epsilon.ToNumber() < least->to_number<double>())
        return use.id + " is charged less than that";
    }
  }
  return "";
}

std::string ChargesDatasets(const codec::JsonObject& body, const Outcome& outcome, const Lab& lab) {
  for (const codec::Json& name : body.at("datasets").as_array()) {
    const auto* dataset = FindDataset(lab.corpus(), std::string_view(name.as_string()));
    if (dataset == nullptr) return "the runner cannot find a dataset";
    const sql::DatasetUse* use = UseOf(outcome, dataset->id);
    if (use == nullptr || use->loss.IsZero()) return dataset->name + " is not charged";
  }
  return EveryMechanismIsCharged(outcome);
}

// Asked again: the same answer, or a new charge, or an end.
std::string RepeatEqual(const Case& one, const Outcome& outcome, Lab& lab, bool charge_will_do) {
  for (int i = 0; i < std::max(3, one.repeat); ++i) {
    const Outcome again = lab.Run(one.sql, one.level);
    if (again.refused()) return "";
    if (again.answer == outcome.answer) continue;
    if (!charge_will_do || !again.charged) return "asked again it answers something else, free of charge";
  }
  return "";
}

// ---- noise, as it shows

// Every number of the answers under many keys, by its place: the texts of its row and its column.
std::map<std::string, std::vector<double>> NumbersUnderKeys(const Case& one, Lab& lab, int keys) {
  std::map<std::string, std::vector<double>> numbers;
  for (int key = 1; key <= keys; ++key) {
    const Outcome outcome = lab.RunWithKey(one.sql, one.level, key);
    for (const auto& row : outcome.answer.rows) {
      std::string place;
      for (const Value& value : row) place += NumberOf(value) ? "" : ValueText(value) + "|";
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (const auto number = NumberOf(row[i])) numbers[place + std::to_string(i)].push_back(*number);
      }
    }
  }
  return numbers;
}

double MeanDeviation(std::vector<double> numbers) {
  std::nth_element(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2), numbers.end());
  const double median = numbers[numbers.size() / 2];
  double sum = 0;
  for (const double number : numbers) sum += std::fabs(number - median);
  return sum / static_cast<double>(numbers.size());
}

// The noisiest number that shows under nearly every key. Whole-number keys of groups do not vary; noisy ones do.
double LargestScale(const Case& one, Lab& lab) {
  double scale = 0;
  for (const auto& [place, numbers] : NumbersUnderKeys(one, lab, kKeys)) {
    if (numbers.size() * 2 > kKeys) scale = std::max(scale, MeanDeviation(numbers));
  }
  return scale;
}

std::string NoiseScaleAtLeast(double value, const Case& one, Lab& lab) {
  const double scale = LargestScale(one, lab);
  return scale >= kScaleMargin * value ? "" : "the noise has scale " + std::to_string(scale);
}

// A row count must hide all the rows that one person may have.
double RowsOverEpsilon(const Outcome& outcome, const Lab& lab) {
  double value = 0;
  for (const sql::PlanStage& stage : outcome.stages) {
    for (const std::string& id : stage.datasets) {
      const auto& budget = FindDataset(lab.corpus(), id)->policy.budget;
      value = std::max(value, static_cast<double>(budget.max_rows_per_unit) / budget.epsilon_per_query);
    }
  }
  return value;
}

std::string MechanismIs(const codec::JsonObject& body, const Outcome& outcome) {
  const std::string name(body.at("name").as_string());
  for (const NoisyRelease* release : NoisyOf(outcome)) {
    if ((name == "partition_selection" || name == "truncated_geometric") && release->selection) return "";
    for (const NoiseMechanism& mechanism : release->mechanisms) {
      const bool is = mechanism.kind == NoiseMechanism::Kind::kQuantile    ? name == "quantile"
                      : mechanism.kind == NoiseMechanism::Kind::kGaussian ? name.ends_with("gaussian")
                                                                           : name.ends_with("laplace");
      if (is) return "";
    }
  }
  return "no mechanism of the plan is " + name;
}

std::optional<std::pair<double, double>> RangeOf(const codec::JsonObject& body) {
  for (const char* member : {"bounds", "range", "within"}) {
    if (const auto* pair = body.if_contains(member); pair != nullptr && pair->is_array())
      return std::pair{pair->as_array().at(0).to_number<double>(), pair->as_array().at(1).to_number<double>()};
  }
  const auto number = [&](std::initializer_list<const char*> names, double fallback) {
    for (const char* name : names) {
      if (const auto* member = body.if_contains(name)) return member->to_number<double>();
    }
    return fallback;
  };
  return std::pair{number({"low", "lo", "min"}, -HUGE_VAL), number({"high", "hi", "max"}, HUGE_VAL)};
}

std::string FiniteWithin(const codec::JsonObject& body, const Case& one, Lab& lab) {
  const auto range = RangeOf(body);
  const auto* wanted = body.if_contains("column");
  for (int key = 1; key <= kKeysOfStatements; ++key) {
    const Outcome outcome = lab.RunWithKey(one.sql, one.level, key);
    if (!outcome.error.empty()) return outcome.error;
    for (const auto& row : outcome.answer.rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (wanted != nullptr && outcome.answer.columns[i] != std::string_view(wanted->as_string())) continue;
        const auto number = NumberOf(row[i]);
        if (!number) continue;
        if (!std::isfinite(*number)) return "a number is not finite";
        if (*number < range->first || *number > range->second) return "a number is out of its range";
      }
    }
  }
  return "";
}

// ---- what the answer may depend on

std::string ReadsReleasedTablesOnly(const Outcome& outcome, const Lab& lab) {
  if (outcome.stages.empty()) return "nothing is made noisy";
  for (const auto& dataset : lab.corpus().datasets) {
    if (dataset.policy.privacy_unit && outcome.last_sql.find("\"" + dataset.id + "\"") != std::string::npos)
      return "the last statement reads " + dataset.name;
  }
  return "";
}

// HAVING COUNT(*) > 500 beside COUNT(*) AS n: what is shown is what was compared.
std::string ShownNumbersKeepTheHaving(const Case& one, Lab& lab) {
  static const std::regex kHaving(R"(HAVING\s+(COUNT\(\*\)|SUM\(\w+\)|AVG\(\w+\))\s*(>=|>)\s*([0-9.]+))",
                                  std::regex::icase);
  std::smatch having;
  if (!std::regex_search(one.sql, having, kHaving)) return "";
  const std::string aggregate = having[1];
  const std::size_t shown = one.sql.find(aggregate);
  if (shown >= static_cast<std::size_t>(having.position(0))) return "";  // not in the select list
  const double limit = std::stod(having[3]);
  std::set<std::size_t> rows_seen;
  for (int key = 1; key <= kKeysOfStatements; ++key) {
    const Outcome outcome = lab.RunWithKey(one.sql, one.level, key);
    for (const auto& row : outcome.answer.rows) {
      // The aggregate is the last number of the row in the corpus' shapes; any number of the row may be it.
      const bool keeps = std::any_of(row.begin(), row.end(), [&](const Value& value) {
        const auto number = NumberOf(value);
        return number && (having[2] == ">" ? *number > limit : *number >= limit);
      });
      if (!keeps) return "a shown number does not keep the condition it was chosen by";
    }
  }
  return "";
}

std::string HavingOnNoisy(const Case& one, const Outcome& outcome, Lab& lab) {
  const std::string problem = ReadsReleasedTablesOnly(outcome, lab);
  return problem.empty() ? ShownNumbersKeepTheHaving(one, lab) : problem;
}

// `value` may appear with the probability delta at most: over many keys, hardly ever.
std::string AbsentWithProbability(const codec::JsonObject& body, const Case& one, const Outcome& outcome, Lab& lab) {
  double delta = 0;
  for (const sql::DatasetUse& use : outcome.uses) delta = std::max(delta, use.loss.delta.ToNumber());
  privacy::for_test::Frequency seen{.hits = 0, .draws = kKeys};
  for (int key = 1; key <= kKeys; ++key) {
    const Outcome drawn = lab.RunWithKey(one.sql, one.level, key);
    if (!drawn.error.empty()) return drawn.error;
    const auto column = ColumnIndex(drawn.answer, std::string(body.at("column").as_string()));
    if (!column) return "the answer has no such column";
    seen.hits += std::any_of(drawn.answer.rows.begin(), drawn.answer.rows.end(),
                             [&](const auto& row) { return Matches(row[*column], body.at("value")); })
                     ? 1
                     : 0;
  }
  return privacy::for_test::LowerBound(seen, kDoubt) <= delta
             ? ""
             : "the value appears in " + std::to_string(seen.hits) + " of " + std::to_string(kKeys) + " answers";
}

// An answer leaves at the end of its bucket, and that is the same when the selected people are not there.
std::string LatencyBucket(const Case& one, const Outcome& outcome, Lab& lab) {
  if (outcome.released_after_ms != enclave::TimeBucketMs(outcome.released_after_ms))
    return "it leaves after " + std::to_string(outcome.released_after_ms) + " ms, which is no end of a bucket";
  static const std::regex kShape(R"(FROM\s+(\w+)\s+WHERE\s+(.*)$)", std::regex::icase);
  std::smatch match;
  if (!std::regex_search(one.sql, match, kShape)) return "";
  const auto* dataset = FindDataset(lab.corpus(), match[1].str());
  if (dataset == nullptr) return "the runner cannot find the dataset";
  const auto fastest = [&] {
    std::int64_t best = outcome.released_after_ms;
    for (int i = 0; i < 3; ++i) best = std::min(best, lab.Run(one.sql, one.level).released_after_ms);
    return best;
  };
  const std::int64_t before = fastest();
  if (const Status done = lab.Change("DELETE FROM \"" + dataset->id + "\" WHERE " + match[2].str()); !done)
    return done.error().public_message;
  const std::int64_t after = fastest();
  if (const Status done = lab.Rebuild(); !done) return done.error().public_message;
  return before == after ? "" : "the time depends on who is selected";
}

}  // namespace

std::optional<std::string> RunNoiseCheck(const Check& check, const Case& one, const Outcome& outcome, Lab& lab) {
  const codec::JsonObject& body = check.body;
  if (check.type == "charge_at_least") return ChargeAtLeast(body, outcome);
  if (check.type == "charges_datasets") return ChargesDatasets(body, outcome, lab);
  if (check.type == "repeat_equal_or_charged") return RepeatEqual(one, outcome, lab, true);
  if (check.type == "repeat_equal_or_budget_exhausted") return RepeatEqual(one, outcome, lab, true);
  if (check.type == "contribution_bounded") return ContributionBounded(one, outcome, lab);
  if (check.type == "noise_scale_at_least")
    return NoiseScaleAtLeast(body.at("value").to_number<double>(), one, lab);
  if (check.type == "noise_scale_at_least_units_rows")
    return NoiseScaleAtLeast(RowsOverEpsilon(outcome, lab), one, lab);
  if (check.type == "mechanism") return MechanismIs(body, outcome);
  if (check.type == "finite_within") return FiniteWithin(body, one, lab);
  if (check.type == "having_on_noisy") return HavingOnNoisy(one, outcome, lab);
  if (check.type == "absent_with_probability") return AbsentWithProbability(body, one, outcome, lab);
  if (check.type == "latency_bucket") return LatencyBucket(one, outcome, lab);
  return std::nullopt;
}

}  // namespace cloister::attacks
