#pragma once

// What an owner promises his dataset is (DatasetSchema) and what he allows with it (DatasetPolicy). Both stand in
// his signed manifest; the compiler (sql/) and the reader of uploads (engine/) take nothing else for the truth.
//
// JSON, all member names fixed, unknown ones are an error that names them, absent ones mean the safe default:
//
//   schema  [{"name":"patient_id","type":"BIGINT"}, {"name":"cost","type":"DOUBLE"}]
//   policy  {"levels":["aggregate_only"],"privacy_unit":"patient_id","min_group_size":10,
//            "columns":{"patient_id":{"roles":["join_key"],"domain":"person"},
//                       "cost":{"roles":["measure"],"bounds":[0,100000],"filter_grid":1000}}}
//
// The bytes are docs/formats/policy.md's. Safe defaults: aggregate_only alone, every column hidden, k = 25, no
// quantiles, no filter on a measure without a grid, dates by year, nothing to spend for differential privacy, approval
// of each query.
//
// Values; thread-compatible.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/query_template.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::agreement {

inline constexpr std::int64_t kMinGroupSizeDefault = 25;
inline constexpr std::int64_t kMinGroupSizeMax = 1'000'000;
inline constexpr std::int64_t kDiversityDefault = 2;
inline constexpr std::size_t kSchemaColumnsMax = 1024;
inline constexpr std::size_t kColumnNameBytesMax = 128;

// The SQL types a dataset's column may have. `precision` and `scale` belong to DECIMAL alone.
struct ColumnType {
  enum class Kind { kBoolean, kInteger, kBigint, kDouble, kVarchar, kDate, kTimestamp, kDecimal };
  Kind kind = Kind::kVarchar;
  int precision = 0;
  int scale = 0;

  // "BIGINT", "DECIMAL(18,3)": upper case, no spaces. Exactly one spelling of each type is accepted.
  static Result<ColumnType> Parse(std::string_view text);
  std::string ToString() const;
  bool IsNumeric() const;
  bool operator==(const ColumnType&) const = default;
};

struct SchemaColumn {
  std::string name;  // [A-Za-z_][A-Za-z0-9_]*, unique without regard to case, at most kColumnNameBytesMax bytes
  ColumnType type;
  bool operator==(const SchemaColumn&) const = default;
};

struct DatasetSchema {
  std::vector<SchemaColumn> columns;  // in the order of the file

  // SQL's rule: names are equal without regard to case. Null when there is none.
  const SchemaColumn* Find(std::string_view name) const;
  bool operator==(const DatasetSchema&) const = default;
};

enum class Level { kFullAccess, kKAnonymized, kAggregateOnly, kDifferentialPrivacy };
std::string_view LevelName(Level level);  // "aggregate_only"
// Exactly the four names; anything else, the empty text too, is an error (rule R27).
Result<Level> ParseLevel(std::string_view name);

enum class Role { kJoinKey, kDimension, kMeasure, kHidden, kPublic };
std::string_view RoleName(Role role);

// Coarsest last.
enum class DateGranularity { kDay, kMonth, kQuarter, kYear };
std::string_view DateGranularityName(DateGranularity granularity);

struct Bounds {
  double min = 0;
  double max = 0;
  bool operator==(const Bounds&) const = default;
};

// One step of a generalisation: a band width for numbers (5), a text such as "left(zip,3)" or "value", or "*".
struct GeneralisationStep {
  std::optional<double> width;
  std::string text;
  bool operator==(const GeneralisationStep&) const = default;
};

struct ColumnPolicy {
  std::set<Role> roles = {Role::kHidden};  // `hidden` and `public` stand alone
  std::string domain;                      // of a join key: keys join only within one domain; "" joins nothing
  std::optional<Bounds> bounds;
  std::optional<double>
      filter_grid;  // constants compared with it are multiples of this; absent on a measure: no filter
  std::optional<double> granularity;  // the finest step of its values, for exact sums
  std::optional<DateGranularity> date_granularity;
  std::vector<GeneralisationStep> generalise;
  std::vector<GeneralisationStep> hierarchy;
  bool quasi_identifier = false;
  bool sensitive = false;
  // Of each class of a k-anonymous release (privacy/kanon/table.h says what they are); what is absent asks nothing,
  // but that a sensitive column without l_diversity has two different values.
  std::optional<std::int64_t> l_diversity;
  std::optional<double> entropy_l_diversity;
  std::optional<double> t_closeness;
  bool quantiles = false;
  std::optional<double> kanon_band;
  codec::JsonArray public_values;  // public_values.h; none: which values there are is nobody's to know

  bool Is(Role role) const { return roles.contains(role); }
  // Whether classes must be diverse in it: marked so, or by a number that says how much.
  bool AsksDiversity() const { return sensitive || l_diversity || entropy_l_diversity || t_closeness; }
  std::int64_t DistinctValues() const { return l_diversity.value_or(AsksDiversity() ? kDiversityDefault : 1); }
  bool operator==(const ColumnPolicy&) const = default;
};

// How charges are added up (privacy/accountant.h): `sums` of epsilon and delta, or zero-concentrated differential
// privacy, which holds more small queries and fewer large ones, and Gaussian noise.
enum class BudgetAccounting { kSums, kZcdp };

struct PrivacyBudget {
  BudgetAccounting accounting = BudgetAccounting::kSums;
  double epsilon_per_query = 1.0;
  double delta_per_query = 1e-6;
  double epsilon_budget = 0;  // nothing may be spent
  double delta_budget = 0;
  std::int64_t max_groups_contributed = 1;
  std::int64_t max_rows_per_unit = 1;
  bool operator==(const PrivacyBudget&) const = default;
};

struct RunLimits {
  std::optional<std::int64_t> runs;  // how many queries may ever run on it
  std::optional<Instant> not_before;
  std::optional<Instant> not_after;
  bool templates_only = false;
  std::vector<QueryTemplate> templates;  // what may be asked where templates_only holds; names are unique
  bool operator==(const RunLimits&) const = default;
};

// The share of rows that a k-anonymous release may leave out, so that the others are generalised less. What is left out
// is not shown at all, so a greater share protects no less; it makes the release tell less of those who are unlike.
inline constexpr double kSuppressionLimitDefault = 0.05;

struct DatasetPolicy {
  std::set<Level> levels = {Level::kAggregateOnly};
  std::optional<std::string>
      privacy_unit;  // a join key of `columns`; none (JSON null) only when all columns are public
  std::int64_t min_group_size = kMinGroupSizeDefault;  // k; 0 only without a privacy unit
  std::map<std::string, ColumnPolicy> columns;         // by the schema's spelling; a column not named here is hidden
  PrivacyBudget budget;
  double suppression_limit = kSuppressionLimitDefault;  // 0 to 1
  RunLimits limits;
  // Thumbprints; absent: every participant of the charter. Owner approval is of each query in this version.
  std::optional<std::vector<std::string>> may_query;
  std::optional<std::vector<std::string>> may_receive;

  // The policy of a column, the hidden one when the owner named none.
  const ColumnPolicy& Column(std::string_view name) const;
  bool IsPublic() const { return !privacy_unit.has_value(); }
  bool operator==(const DatasetPolicy&) const = default;
};

// `where` is the path that errors start with ("manifest.schema").
Result<DatasetSchema> DecodeSchema(const codec::Json& json, const std::string& where);
codec::Json EncodeSchema(const DatasetSchema& schema);

// Decodes and checks against the schema: every named column exists, the unit is a join key, numbers are in order.
Result<DatasetPolicy> DecodePolicy(const codec::Json& json, const DatasetSchema& schema, const std::string& where);
// Every member is written, defaults too: what an owner signs is what holds, whatever later defaults are.
codec::Json EncodePolicy(const DatasetPolicy& policy);

}  // namespace cloister::agreement
