// Strict reading; writing is policy_encode.cc.

#include "agreement/policy.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "agreement/public_values.h"
#include "codec/ascii.h"

namespace cloister::agreement {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using codec::ObjectReader;

constexpr std::size_t kStepsMax = 64;
constexpr std::size_t kPartiesMax = 256;
constexpr double kNumberMax = 1e300;

template <typename Enum>
struct Name {
  std::string_view text;
  Enum value;
};

constexpr std::array kLevels = std::to_array<Name<Level>>({{"full_access", Level::kFullAccess},
                                                           {"k_anonymized", Level::kKAnonymized},
                                                           {"aggregate_only", Level::kAggregateOnly},
                                                           {"differential_privacy", Level::kDifferentialPrivacy}});
constexpr std::array kRoles = std::to_array<Name<Role>>({{"join_key", Role::kJoinKey},
                                                         {"dimension", Role::kDimension},
                                                         {"measure", Role::kMeasure},
                                                         {"hidden", Role::kHidden},
                                                         {"public", Role::kPublic}});
constexpr std::array kGranularities = std::to_array<Name<DateGranularity>>({{"day", DateGranularity::kDay},
                                                                            {"month", DateGranularity::kMonth},
                                                                            {"quarter", DateGranularity::kQuarter},
                                                                            {"year", DateGranularity::kYear}});
template <typename Names>
auto ValueOf(const Names& names, std::string_view text) -> std::optional<decltype(names[0].value)> {
  for (const auto& name : names) {
    if (name.text == text) return name.value;
  }
  return std::nullopt;
}

template <typename Names, typename Enum>
std::string_view TextOf(const Names& names, Enum value) {
  for (const auto& name : names) {
    if (name.value == value) return name.text;
  }
  return "";
}

bool IsColumnName(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || name.size() > kColumnNameBytesMax || !letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::optional<double> NumberOf(const Json& json) {
  if (json.is_int64()) return static_cast<double>(json.get_int64());
  if (json.is_double()) return json.get_double();
  return std::nullopt;
}

std::optional<Bounds> ReadBounds(ObjectReader& in) {
  const Json* json = in.OptionalAny("bounds");
  if (json == nullptr || json->is_null()) return std::nullopt;
  const JsonArray* pair = json->if_array();
  const auto low = pair != nullptr && pair->size() == 2 ? NumberOf((*pair)[0]) : std::nullopt;
  const auto high = pair != nullptr && pair->size() == 2 ? NumberOf((*pair)[1]) : std::nullopt;
  if (!low || !high || !(*low <= *high)) {
    in.Fail("bounds", "must be [least, greatest] or null");
    return std::nullopt;
  }
  return Bounds{*low, *high};
}

std::vector<GeneralisationStep> ReadSteps(ObjectReader& in, std::string_view name) {
  std::vector<GeneralisationStep> steps;
  if (!in.Has(name)) {
    in.OptionalAny(name);
    return steps;
  }
  for (const Json& step : in.Array(name, kStepsMax)) {
    if (step.is_string()) {
      steps.push_back({std::nullopt, std::string(step.get_string())});
    } else if (const auto width = NumberOf(step); width && *width > 0) {
      steps.push_back({*width, ""});
    } else {
      in.Fail(name, "must hold widths above 0 and texts");
    }
  }
  return steps;
}

std::optional<double> ReadStep(ObjectReader& in, std::string_view name) {
  const auto value = in.OptionalNumber(name, 0, kNumberMax);
  if (value && !(*value > 0)) in.Fail(name, "must be above 0");
  return value;
}

std::set<Role> ReadRoles(ObjectReader& in) {
  std::set<Role> roles;
  for (const std::string& text : in.Strings("roles", kRoles.size())) {
    const auto role = ValueOf(kRoles, text);
    if (role)
      roles.insert(*role);
    else
      in.Fail("roles", "must hold join_key, dimension, measure, hidden or public, not " + text);
  }
  const bool alone = roles.contains(Role::kHidden) || roles.contains(Role::kPublic) || roles.contains(Role::kJoinKey);
  if (roles.empty()) in.Fail("roles", "must name a role");
  if (alone && roles.size() > 1) in.Fail("roles", "must hold hidden, public or join_key alone");
  return roles.empty() ? std::set<Role>{Role::kHidden} : roles;
}

codec::JsonArray ReadPublicValues(ObjectReader& in, const ColumnPolicy& policy, const ColumnType& type) {
  if (!in.Has("public_values")) return {};
  const JsonArray& values = in.Array("public_values", kPublicValuesMax);
  if (!policy.Is(Role::kDimension)) in.Fail("public_values", "is for dimensions");
  if (values.empty()) in.Fail("public_values", "must hold a value");
  const std::string problem = PublicValuesProblem(values, type);
  if (!problem.empty()) in.Fail("public_values", problem);
  return values;
}

void CheckColumn(ObjectReader& in, const ColumnPolicy& policy, const ColumnType& type) {
  const bool dated = type.kind == ColumnType::Kind::kDate || type.kind == ColumnType::Kind::kTimestamp;
  const bool number = type.IsNumeric() || type.kind == ColumnType::Kind::kBoolean;
  if (policy.Is(Role::kMeasure) && !number) in.Fail("roles", "must not hold measure for a " + type.ToString());
  if (policy.date_granularity && !dated) in.Fail("date_granularity", "is for dates and timestamps");
  if (!policy.domain.empty() && !policy.Is(Role::kJoinKey)) in.Fail("domain", "is for join keys");
  if (policy.quantiles && !policy.Is(Role::kMeasure)) in.Fail("quantiles", "is for measures");
}

Result<ColumnPolicy> ReadColumn(const Json& json, const ColumnType& type, const std::string& where) {
  ObjectReader in(json, where);
  ColumnPolicy policy;
  policy.roles = ReadRoles(in);
  policy.domain = in.OptionalString("domain", 128).value_or("");
  policy.bounds = ReadBounds(in);
  policy.filter_grid = ReadStep(in, "filter_grid");
  policy.granularity = ReadStep(in, "granularity");
  if (const auto text = in.OptionalString("date_granularity")) {
    policy.date_granularity = ValueOf(kGranularities, *text);
    if (!policy.date_granularity) in.Fail("date_granularity", "must be day, month, quarter or year");
  }
  policy.generalise = ReadSteps(in, "generalise");
  policy.hierarchy = ReadSteps(in, "hierarchy");
  policy.quasi_identifier = in.OptionalBool("quasi_identifier").value_or(false);
  policy.sensitive = in.OptionalBool("sensitive").value_or(false);
  policy.l_diversity = in.OptionalInteger("l_diversity", 1, kMinGroupSizeMax);
  policy.entropy_l_diversity = in.OptionalNumber("entropy_l_diversity", 1, static_cast<double>(kMinGroupSizeMax));
  policy.t_closeness = in.OptionalNumber("t_closeness", 0, 1);
  policy.quantiles = in.OptionalBool("quantiles").value_or(false);
  policy.kanon_band = ReadStep(in, "kanon_band");
  policy.public_values = ReadPublicValues(in, policy, type);
  CheckColumn(in, policy, type);
  CLOISTER_TRY(in.Finish());
  return policy;
}

Result<PrivacyBudget> ReadBudget(const Json& json, const std::string& where) {
  ObjectReader in(json, where);
  PrivacyBudget budget;
  const std::string accounting = in.OptionalString("accounting").value_or("sums");
  if (accounting == "zcdp") {
    budget.accounting = BudgetAccounting::kZcdp;
  } else if (accounting != "sums") {
    in.Fail("accounting", "must be sums or zcdp");
  }
  budget.epsilon_budget = in.OptionalNumber("epsilon_budget", 0, 1e6).value_or(budget.epsilon_budget);
  budget.delta_budget = in.OptionalNumber("delta_budget", 0, 1).value_or(budget.delta_budget);
  budget.epsilon_per_query = in.OptionalNumber("epsilon_per_query", 0, 1e6).value_or(budget.epsilon_per_query);
  budget.delta_per_query = in.OptionalNumber("delta_per_query", 0, 1).value_or(budget.delta_per_query);
  budget.max_groups_contributed = in.OptionalInteger("max_groups_contributed", 1, kMinGroupSizeMax).value_or(1);
  budget.max_rows_per_unit = in.OptionalInteger("max_rows_per_unit", 1, kMinGroupSizeMax).value_or(1);
  CLOISTER_TRY(in.Finish());
  return budget;
}

Result<double> ReadSuppressionLimit(const Json& json, const std::string& where) {
  ObjectReader in(json, where);
  const double limit = in.OptionalNumber("suppression_limit", 0, 1).value_or(kSuppressionLimitDefault);
  CLOISTER_TRY(in.Finish());
  return limit;
}

std::optional<Instant> ReadTime(ObjectReader& in, std::string_view name) {
  const auto text = in.OptionalString(name);
  if (!text) return std::nullopt;
  const auto time = ParseRfc3339(*text);
  if (time) return *time;
  in.Fail(name, "must be a time such as 2026-11-22T08:36:00Z");
  return std::nullopt;
}

Result<std::vector<QueryTemplate>> ReadTemplates(const JsonArray& array, const std::string& where) {
  std::vector<QueryTemplate> templates;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const std::string at = where + "[" + std::to_string(i) + "]";
    CLOISTER_ASSIGN(QueryTemplate each, DecodeQueryTemplate(array[i], at));
    for (const QueryTemplate& other : templates) {
      if (other.name == each.name) return InvalidArgument(at + ".name repeats " + each.name);
    }
    templates.push_back(std::move(each));
  }
  return templates;
}

Result<RunLimits> ReadLimits(const Json& json, const std::string& where) {
  ObjectReader in(json, where);
  RunLimits limits;
  limits.runs = in.OptionalInteger("runs", 0, 1'000'000'000);
  limits.not_before = ReadTime(in, "not_before");
  limits.not_after = ReadTime(in, "not_after");
  limits.templates_only = in.OptionalBool("templates_only").value_or(false);
  if (limits.not_before && limits.not_after && *limits.not_before > *limits.not_after) {
    in.Fail("not_after", "must not be earlier than not_before");
  }
  const JsonArray none;
  const JsonArray& templates = in.Has("templates") ? in.Array("templates", kTemplatesMax) : none;
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(limits.templates, ReadTemplates(templates, where + ".templates"));
  return limits;
}

Status ReadColumns(const JsonObject& columns, const DatasetSchema& schema, const std::string& where,
                   DatasetPolicy& policy) {
  for (const auto& member : columns) {
    const std::string name(member.key().data(), member.key().size());
    const SchemaColumn* column = schema.Find(name);
    if (column == nullptr || column->name != name)
      return InvalidArgument(where + "." + name + " is not a column of the schema");
    CLOISTER_ASSIGN(policy.columns[name], ReadColumn(member.value(), column->type, where + "." + name));
  }
  return {};
}

// The privacy unit and the roles go together: without a unit nobody is protected, so everything must be public.
Status CheckUnit(const DatasetPolicy& policy, const DatasetSchema& schema, const std::string& where) {
  if (policy.privacy_unit) {
    if (!policy.Column(*policy.privacy_unit).Is(Role::kJoinKey)) {
      return InvalidArgument(where + ".privacy_unit must be a column with the role join_key");
    }
    for (const auto& [name, column] : policy.columns) {
      if (column.Is(Role::kPublic))
        return InvalidArgument(where + ".columns." + name + " must not be public in a dataset with a privacy unit");
    }
    if (policy.min_group_size < 1) return InvalidArgument(where + ".min_group_size must be at least 1");
    return {};
  }
  for (const SchemaColumn& column : schema.columns) {
    const ColumnPolicy& known = policy.Column(column.name);
    if (!known.Is(Role::kPublic) && !known.Is(Role::kHidden)) {
      return InvalidArgument(where + ".columns." + column.name +
                             " must be public or hidden where privacy_unit is null");
    }
  }
  return {};
}

std::optional<std::vector<std::string>> ReadParties(ObjectReader& in, std::string_view name) {
  if (in.OptionalAny(name) == nullptr) return std::nullopt;
  return in.Strings(name, kPartiesMax);
}

}  // namespace

const SchemaColumn* DatasetSchema::Find(std::string_view name) const {
  const std::string wanted = codec::LowerCase(name);
  for (const SchemaColumn& column : columns) {
    if (codec::LowerCase(column.name) == wanted) return &column;
  }
  return nullptr;
}

std::string_view LevelName(Level level) { return TextOf(kLevels, level); }
std::string_view RoleName(Role role) { return TextOf(kRoles, role); }
std::string_view DateGranularityName(DateGranularity granularity) { return TextOf(kGranularities, granularity); }

Result<Level> ParseLevel(std::string_view name) {
  if (const auto level = ValueOf(kLevels, name)) return *level;
  return InvalidArgument("The level must be aggregate_only, k_anonymized, differential_privacy or full_access");
}

const ColumnPolicy& DatasetPolicy::Column(std::string_view name) const {
  static const ColumnPolicy kHiddenColumn;
  const auto found = columns.find(std::string(name));
  return found == columns.end() ? kHiddenColumn : found->second;
}

Result<DatasetSchema> DecodeSchema(const Json& json, const std::string& where) {
  const JsonArray* array = json.if_array();
  if (array == nullptr || array->empty() || array->size() > kSchemaColumnsMax) {
    return InvalidArgument(where + " must be an array of 1 to " + std::to_string(kSchemaColumnsMax) + " columns");
  }
  DatasetSchema schema;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string at = where + "[" + std::to_string(i) + "]";
    ObjectReader in((*array)[i], at);
    SchemaColumn column;
    column.name = in.String("name", kColumnNameBytesMax);
    const auto type = ColumnType::Parse(in.String("type", 32));
    if (!type)
      in.Fail("type", "is unknown: " + type.error().public_message);
    else
      column.type = *type;
    CLOISTER_TRY(in.Finish());
    if (!IsColumnName(column.name))
      return InvalidArgument(at + ".name must be letters, digits and _, and begin with no digit");
    if (schema.Find(column.name) != nullptr) return InvalidArgument(at + ".name repeats " + column.name);
    schema.columns.push_back(std::move(column));
  }
  return schema;
}

Result<DatasetPolicy> DecodePolicy(const Json& json, const DatasetSchema& schema, const std::string& where) {
  ObjectReader in(json, where);
  DatasetPolicy policy;
  if (in.Has("levels")) {
    policy.levels.clear();
    for (const std::string& name : in.Strings("levels", kLevels.size())) {
      const auto level = ParseLevel(name);
      if (level)
        policy.levels.insert(*level);
      else
        in.Fail("levels", "holds an unknown level, " + name);
    }
  }
  const Json& unit = in.Any("privacy_unit");
  if (unit.is_string())
    policy.privacy_unit = std::string(unit.get_string());
  else if (!unit.is_null())
    in.Fail("privacy_unit", "must be a column's name or null");
  policy.min_group_size = in.OptionalInteger("min_group_size", 0, kMinGroupSizeMax).value_or(kMinGroupSizeDefault);
  if (const Json* columns = in.OptionalAny("columns")) {
    if (!columns->is_object())
      in.Fail("columns", "must be an object");
    else
      CLOISTER_TRY(ReadColumns(columns->get_object(), schema, where + ".columns", policy));
  }
  if (const Json* budget = in.OptionalAny("differential_privacy")) {
    CLOISTER_ASSIGN(policy.budget, ReadBudget(*budget, where + ".differential_privacy"));
  }
  if (const Json* anonymity = in.OptionalAny("k_anonymized")) {
    CLOISTER_ASSIGN(policy.suppression_limit, ReadSuppressionLimit(*anonymity, where + ".k_anonymized"));
  }
  if (const Json* limits = in.OptionalAny("limits")) {
    CLOISTER_ASSIGN(policy.limits, ReadLimits(*limits, where + ".limits"));
  }
  policy.may_query = ReadParties(in, "may_query");
  policy.may_receive = ReadParties(in, "may_receive");
  const std::string approval = in.OptionalString("owner_approval").value_or("each_query");
  if (approval != "each_query") in.Fail("owner_approval", "must be each_query in this version");
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(CheckUnit(policy, schema, where));
  return policy;
}

}  // namespace cloister::agreement
