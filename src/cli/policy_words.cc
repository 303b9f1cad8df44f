#include "cli/policy_words.h"

#include "cli/printable.h"
#include "cli/table.h"

namespace cloister::cli {
namespace {

using agreement::ColumnPolicy;
using agreement::ColumnType;
using agreement::Role;

std::string Number(double value) { return codec::CanonicalJson(codec::Json(value)); }

bool IsTemporal(const ColumnType& type) {
  return type.kind == ColumnType::Kind::kDate || type.kind == ColumnType::Kind::kTimestamp;
}

void Append(std::string& text, std::string_view separator, const std::string& more) {
  text += (text.empty() ? "" : std::string(separator)) + more;
}

std::string Conditions(const ColumnPolicy& column, const ColumnType& type) {
  std::string text;
  if (column.Is(Role::kJoinKey)) {
    Append(text, ", ", column.domain.empty() ? "joins nothing" : "domain " + Printable(column.domain));
  }
  if (column.Is(Role::kDimension) && IsTemporal(type)) {
    Append(text, ", ",
           "by " + std::string(agreement::DateGranularityName(
                       column.date_granularity.value_or(agreement::DateGranularity::kYear))));
  }
  if (column.Is(Role::kMeasure)) {
    Append(text, ", ",
           column.filter_grid ? "filter by steps of " + Number(*column.filter_grid) : "no filter");
    if (column.bounds) {
      Append(text, ", ", "from " + Number(column.bounds->min) + " to " + Number(column.bounds->max));
    }
  }
  if (column.quasi_identifier) Append(text, ", ", "quasi-identifier");
  if (column.sensitive) Append(text, ", ", "sensitive");
  if (!column.public_values.empty())
    Append(text, ", ", std::to_string(column.public_values.size()) + " values that everybody may know");
  if (column.l_diversity) Append(text, ", ", std::to_string(*column.l_diversity) + " values in a class");
  if (column.entropy_l_diversity) Append(text, ", ", "as mixed as " + Number(*column.entropy_l_diversity));
  if (column.t_closeness) Append(text, ", ", "within " + Number(*column.t_closeness) + " of the whole");
  return text;
}

std::string Listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) Append(text, ", ", Printable(word));
  return text.empty() ? "nobody" : text;
}

std::string BudgetWords(const agreement::PrivacyBudget& budget) {
  return "epsilon " + Number(budget.epsilon_budget) + " in all, " + Number(budget.epsilon_per_query) +
         " a query; delta " + Number(budget.delta_budget) + " and " + Number(budget.delta_per_query) +
         "; of a person " + std::to_string(budget.max_rows_per_unit) + " rows in each of " +
         std::to_string(budget.max_groups_contributed) + " groups count";
}

Paint PaintOf(agreement::PolicyChange::Kind kind) {
  switch (kind) {
    case agreement::PolicyChange::Kind::kLooser: return Paint::kCaution;
    case agreement::PolicyChange::Kind::kStricter: return Paint::kGood;
    case agreement::PolicyChange::Kind::kOther: return Paint::kFaint;
  }
  internal::CheckFailed(__FILE__, __LINE__, "a kind of change outside its enumeration");
}

}  // namespace

codec::JsonArray UseNames(const ColumnPolicy& column, const ColumnType&) {
  if (column.Is(Role::kHidden)) return {};
  if (column.Is(Role::kPublic)) return {"show", "group", "filter", "join", "aggregate"};
  if (column.Is(Role::kJoinKey)) return {"join", "count"};
  codec::JsonArray uses;
  if (column.Is(Role::kDimension)) uses = {"group", "filter"};
  if (column.Is(Role::kMeasure)) {
    uses.emplace_back("sum");
    uses.emplace_back("average");
    if (column.filter_grid && !column.Is(Role::kDimension)) uses.emplace_back("filter");
    if (column.quantiles && column.filter_grid) uses.emplace_back("quantile");
  }
  return uses;
}

std::string UsesOf(const ColumnPolicy& column, const ColumnType& type) {
  std::string text;
  for (const codec::Json& use : UseNames(column, type)) Append(text, ", ", std::string(use.get_string()));
  if (text.empty()) return text;
  const std::string conditions = Conditions(column, type);
  return conditions.empty() ? text : text + "; " + conditions;
}

std::string RenderColumns(const agreement::DatasetSchema& schema, const agreement::DatasetPolicy& policy,
                          const OutputStyle& style) {
  Table table({{"COLUMN"}, {"TYPE"}, {"USES"}});
  for (const agreement::SchemaColumn& column : schema.columns) {
    const std::string uses = UsesOf(policy.Column(column.name), column.type);
    table.Add({column.name, column.type.ToString(), uses.empty() ? "none (hidden)" : uses});
  }
  return table.Render(style);
}

Facts PolicyFacts(const agreement::DatasetPolicy& policy) {
  std::string levels;
  for (const agreement::Level level : policy.levels) Append(levels, ", ", std::string(agreement::LevelName(level)));
  Facts facts{{"levels", levels.empty() ? "none: nothing may be asked" : levels},
              {"protected", policy.privacy_unit ? "each " + *policy.privacy_unit : "nobody: a public table"}};
  if (policy.privacy_unit) facts.emplace_back("people in a group", "at least " + std::to_string(policy.min_group_size));
  if (policy.levels.contains(agreement::Level::kKAnonymized)) {
    facts.emplace_back("left out of a release", "at most " + Number(policy.suppression_limit) + " of the rows");
  }
  facts.emplace_back("runs", policy.limits.runs ? std::to_string(*policy.limits.runs) : "without limit");
  if (policy.limits.not_before) facts.emplace_back("from", FormatRfc3339(*policy.limits.not_before));
  if (policy.limits.not_after) facts.emplace_back("until", FormatRfc3339(*policy.limits.not_after));
  if (policy.levels.contains(agreement::Level::kDifferentialPrivacy)) {
    facts.emplace_back("privacy budget", BudgetWords(policy.budget));
  }
  if (policy.limits.templates_only) {
    std::vector<std::string> names;
    for (const auto& each : policy.limits.templates) names.push_back(each.name);
    facts.emplace_back("templates only", names.empty() ? "none is written: nothing may be asked" : Listed(names));
  }
  if (policy.may_query) facts.emplace_back("may ask", Listed(*policy.may_query));
  if (policy.may_receive) facts.emplace_back("may receive", Listed(*policy.may_receive));
  return facts;
}

std::string RenderChanges(const Output& out, const std::vector<agreement::PolicyChange>& changes) {
  if (changes.empty()) return "nothing changes";
  std::string text;
  for (const agreement::PolicyChange& change : changes) {
    const std::string kind(agreement::PolicyChangeKindName(change.kind));
    const std::string padding(10 - kind.size(), ' ');
    text += (text.empty() ? "" : "\n") + out.Painted(PaintOf(change.kind), kind) + padding + Printable(change.words);
  }
  return text;
}

codec::JsonArray EncodeChanges(const std::vector<agreement::PolicyChange>& changes) {
  codec::JsonArray array;
  for (const agreement::PolicyChange& change : changes) {
    array.push_back({{"kind", agreement::PolicyChangeKindName(change.kind)}, {"words", change.words}});
  }
  return array;
}

}  // namespace cloister::cli
