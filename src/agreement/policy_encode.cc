// What an owner signs: every default written out.

#include "agreement/policy.h"

namespace cloister::agreement {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

Json EncodeSteps(const std::vector<GeneralisationStep>& steps) {
  JsonArray out;
  for (const GeneralisationStep& step : steps) {
    if (step.width)
      out.emplace_back(*step.width);
    else
      out.emplace_back(step.text);
  }
  return out;
}

template <typename Value>
void Put(JsonObject& out, std::string_view name, const std::optional<Value>& value) {
  if (value) out[name] = *value;
}

Json EncodeColumn(const ColumnPolicy& policy) {
  JsonObject out;
  JsonArray roles;
  for (const Role role : policy.roles) roles.emplace_back(RoleName(role));
  out["roles"] = std::move(roles);
  if (!policy.domain.empty()) out["domain"] = policy.domain;
  if (policy.bounds) out["bounds"] = JsonArray{policy.bounds->min, policy.bounds->max};
  Put(out, "filter_grid", policy.filter_grid);
  Put(out, "granularity", policy.granularity);
  if (policy.date_granularity) out["date_granularity"] = DateGranularityName(*policy.date_granularity);
  if (!policy.generalise.empty()) out["generalise"] = EncodeSteps(policy.generalise);
  if (!policy.hierarchy.empty()) out["hierarchy"] = EncodeSteps(policy.hierarchy);
  out["quasi_identifier"] = policy.quasi_identifier;
  out["sensitive"] = policy.sensitive;
  Put(out, "l_diversity", policy.l_diversity);
  Put(out, "entropy_l_diversity", policy.entropy_l_diversity);
  Put(out, "t_closeness", policy.t_closeness);
  out["quantiles"] = policy.quantiles;
  Put(out, "kanon_band", policy.kanon_band);
  if (!policy.public_values.empty()) out["public_values"] = policy.public_values;
  return out;
}

Json EncodeParties(const std::vector<std::string>& parties) {
  JsonArray out;
  for (const std::string& party : parties) out.emplace_back(party);
  return out;
}

}  // namespace

Json EncodeSchema(const DatasetSchema& schema) {
  JsonArray out;
  for (const SchemaColumn& column : schema.columns)
    out.push_back(JsonObject{{"name", column.name}, {"type", column.type.ToString()}});
  return out;
}

Json EncodePolicy(const DatasetPolicy& policy) {
  JsonObject out;
  JsonArray levels;
  for (const Level level : policy.levels) levels.emplace_back(LevelName(level));
  out["levels"] = std::move(levels);
  if (policy.privacy_unit)
    out["privacy_unit"] = *policy.privacy_unit;
  else
    out["privacy_unit"] = nullptr;
  out["min_group_size"] = policy.min_group_size;
  JsonObject columns;
  for (const auto& [name, column] : policy.columns) columns[name] = EncodeColumn(column);
  out["columns"] = std::move(columns);
  const PrivacyBudget& budget = policy.budget;
  JsonObject privacy{{"epsilon_budget", budget.epsilon_budget},
                     {"delta_budget", budget.delta_budget},
                     {"epsilon_per_query", budget.epsilon_per_query},
                     {"delta_per_query", budget.delta_per_query},
                     {"max_groups_contributed", budget.max_groups_contributed},
                     {"max_rows_per_unit", budget.max_rows_per_unit}};
  // Came later than the other members: absent means sums in every document, so that older ones keep their bytes.
  if (budget.accounting == BudgetAccounting::kZcdp) privacy["accounting"] = "zcdp";
  out["differential_privacy"] = std::move(privacy);
  // Came later too: absent means the default in every document.
  if (policy.suppression_limit != kSuppressionLimitDefault)
    out["k_anonymized"] = JsonObject{{"suppression_limit", policy.suppression_limit}};
  JsonObject limits{{"templates_only", policy.limits.templates_only}};
  Put(limits, "runs", policy.limits.runs);
  if (policy.limits.not_before) limits["not_before"] = FormatRfc3339(*policy.limits.not_before);
  if (policy.limits.not_after) limits["not_after"] = FormatRfc3339(*policy.limits.not_after);
  if (!policy.limits.templates.empty()) {
    JsonArray templates;
    for (const QueryTemplate& each : policy.limits.templates) templates.push_back(EncodeQueryTemplate(each));
    limits["templates"] = std::move(templates);
  }
  out["limits"] = std::move(limits);
  if (policy.may_query) out["may_query"] = EncodeParties(*policy.may_query);
  if (policy.may_receive) out["may_receive"] = EncodeParties(*policy.may_receive);
  out["owner_approval"] = "each_query";
  return out;
}

}  // namespace cloister::agreement
