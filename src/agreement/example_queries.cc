#include "agreement/example_queries.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "codec/ascii.h"
#include "codec/json.h"

namespace cloister::agreement {
namespace {

constexpr std::array kAggregateLevels = {Level::kAggregateOnly, Level::kDifferentialPrivacy};

bool IsTemporal(const SchemaColumn& column) {
  return column.type.kind == ColumnType::Kind::kDate || column.type.kind == ColumnType::Kind::kTimestamp;
}

// What DuckDB takes for a column or a table in quotes alone: by its duckdb_keywords() the category "reserved", and of
// "type_function" those that are not in "column_name" too. Each of them was tried on DuckDB itself.
constexpr std::string_view kReserved =
    " all analyse analyze and any array as asc asymmetric both case cast check collate column constraint "
    "create default deferrable desc describe distinct do else end except false fetch for foreign from group "
    "having in initially intersect into lambda lateral leading limit not null offset on only or order pivot "
    "pivot_longer pivot_wider placing primary qualify references returning select show some summarize "
    "symmetric table then to trailing true union unique unpivot using variadic when where window with "
    "anti asof at authorization binary by collation concurrently cross freeze full glob ilike inner is isnull "
    "join left like natural notnull outer overlaps positional right semi similar tablesample unpack verbose ";

// A column or a dataset as SQL takes it. Its name is a plain word (policy.h, documents.h), but it may be one of theirs.
std::string Name(const std::string& word) {
  const bool reserved = kReserved.find(" " + codec::LowerCase(word) + " ") != std::string_view::npos;
  return reserved ? '"' + word + '"' : word;
}

using Wanted = std::function<bool(const SchemaColumn&, const ColumnPolicy&)>;

const SchemaColumn* First(const NamedTerms& dataset, const Wanted& wanted) {
  for (const SchemaColumn& column : dataset.schema.columns) {
    if (wanted(column, dataset.policy.Column(column.name))) return &column;
  }
  return nullptr;
}

const SchemaColumn* Dimension(const NamedTerms& dataset) {
  const auto plain = [](const SchemaColumn& column, const ColumnPolicy& policy) {
    return policy.Is(Role::kDimension) && !IsTemporal(column) && !column.type.IsNumeric() && !policy.quasi_identifier;
  };
  const auto any = [](const SchemaColumn& column, const ColumnPolicy& policy) {
    return policy.Is(Role::kDimension) && !IsTemporal(column) && column.type.kind != ColumnType::Kind::kDouble;
  };
  const SchemaColumn* found = First(dataset, plain);
  return found != nullptr ? found : First(dataset, any);
}

const SchemaColumn* Measure(const NamedTerms& dataset) {
  return First(dataset, [](const SchemaColumn& column, const ColumnPolicy& policy) {
    return policy.Is(Role::kMeasure) && column.type.IsNumeric();
  });
}

// A multiple of the grid near the middle of the bounds.
std::string Threshold(const ColumnPolicy& policy) {
  const double grid = *policy.filter_grid;
  const double middle = policy.bounds ? (policy.bounds->min + policy.bounds->max) / 2 : grid;
  return codec::CanonicalJson(codec::Json(std::max(1.0, std::round(middle / grid)) * grid));
}

// Adds to the examples of one dataset at one level.
class Writer {
 public:
  Writer(const NamedTerms& dataset, Level level, std::vector<ExampleQuery>& out)
      : dataset_(dataset), table_(Name(dataset.name)), level_(LevelName(level)), out_(out) {}

  void Write() {
    const std::string& unit = *dataset_.policy.privacy_unit;
    people_ = "COUNT(DISTINCT " + Name(unit) + ") AS people";
    Add("how many people", "SELECT " + people_ + " FROM " + table_);
    if (const SchemaColumn* dimension = Dimension(dataset_)) ByDimension(dimension->name);
    ByDate();
    OnGrid();
  }

 private:
  void Add(std::string title, std::string text) { out_.push_back({std::move(title), std::move(text), level_}); }

  void ByDimension(const std::string& column) {
    const std::string name = Name(column);
    const std::string tail = " FROM " + table_ + " GROUP BY " + name + " ORDER BY " + name;
    Add("people by " + column, "SELECT " + name + ", " + people_ + tail);
    const SchemaColumn* measure = Measure(dataset_);
    if (measure == nullptr) return;
    const std::string value = Name(measure->name);
    Add("average " + measure->name + " by " + column,
        "SELECT " + name + ", AVG(" + value + ") AS average, SUM(" + value + ") AS total" + tail);
  }

  void ByDate() {
    const SchemaColumn* date = First(dataset_, [](const SchemaColumn& column, const ColumnPolicy& policy) {
      return policy.Is(Role::kDimension) && IsTemporal(column);
    });
    if (date == nullptr) return;
    const auto finest = dataset_.policy.Column(date->name).date_granularity.value_or(DateGranularity::kYear);
    const std::string part(DateGranularityName(finest));
    const std::string truncated = "date_trunc('" + part + "', " + Name(date->name) + ")";
    Add("people by " + part, "SELECT " + truncated + " AS since, " + people_ + " FROM " + table_ +
                                 " GROUP BY " + truncated + " ORDER BY since");
  }

  void OnGrid() {
    const SchemaColumn* measure = First(dataset_, [](const SchemaColumn& column, const ColumnPolicy& policy) {
      return policy.Is(Role::kMeasure) && column.type.IsNumeric() && policy.filter_grid.has_value();
    });
    if (measure == nullptr) return;
    const ColumnPolicy& policy = dataset_.policy.Column(measure->name);
    Add("people above a " + measure->name, "SELECT " + people_ + " FROM " + table_ + " WHERE " +
                                               Name(measure->name) + " >= " + Threshold(policy));
    if (policy.quantiles) {
      Add("median " + measure->name, "SELECT MEDIAN(" + Name(measure->name) + ") AS median FROM " + table_);
    }
  }

  const NamedTerms& dataset_;
  const std::string table_;
  std::string level_;
  std::vector<ExampleQuery>& out_;
  std::string people_;
};

// A release of rows as they may be released: every column that shows anything.
void AddRows(const NamedTerms& dataset, Level level, std::vector<ExampleQuery>& out) {
  std::string columns;
  for (const SchemaColumn& column : dataset.schema.columns) {
    const ColumnPolicy& policy = dataset.policy.Column(column.name);
    const bool shown = level == Level::kFullAccess ? !policy.Is(Role::kHidden)
                                                   : policy.Is(Role::kDimension) || policy.Is(Role::kMeasure);
    if (shown) columns += (columns.empty() ? "" : ", ") + Name(column.name);
  }
  if (columns.empty()) return;
  out.push_back({level == Level::kFullAccess ? "its rows" : "a generalised release of its rows",
                 "SELECT " + columns + " FROM " + Name(dataset.name), std::string(LevelName(level))});
}

bool JoinOnUnit(const NamedTerms& a, const NamedTerms& b) {
  if (a.policy.IsPublic() || b.policy.IsPublic()) return false;
  const std::string& domain = a.policy.Column(*a.policy.privacy_unit).domain;
  return !domain.empty() && domain == b.policy.Column(*b.policy.privacy_unit).domain;
}

void AddJoin(const NamedTerms& a, const NamedTerms& b, std::vector<ExampleQuery>& out) {
  const SchemaColumn* dimension = Dimension(a);
  if (dimension == nullptr || !JoinOnUnit(a, b)) return;
  for (const Level level : kAggregateLevels) {
    if (!a.policy.levels.contains(level) || !b.policy.levels.contains(level)) continue;
    const SchemaColumn* measure = Measure(b);
    const std::string average =
        measure == nullptr ? "" : ", AVG(b." + Name(measure->name) + ") AS average_" + measure->name;
    const std::string shown = "a." + Name(dimension->name);
    const std::string key = "a." + Name(*a.policy.privacy_unit);
    out.push_back({a.name + " with " + b.name + " by " + dimension->name,
                   "SELECT " + shown + ", COUNT(DISTINCT " + key + ") AS people" + average + " FROM " + Name(a.name) +
                       " a JOIN " + Name(b.name) + " b ON " + key + " = b." + Name(*b.policy.privacy_unit) +
                       " GROUP BY " + shown + " ORDER BY " + shown,
                   std::string(LevelName(level))});
  }
}

}  // namespace

std::vector<ExampleQuery> ExamplesOn(const NamedTerms& dataset) {
  std::vector<ExampleQuery> out;
  if (!dataset.policy.IsPublic()) {
    for (const Level level : kAggregateLevels) {
      if (dataset.policy.levels.contains(level)) Writer(dataset, level, out).Write();
    }
  }
  for (const Level level : {Level::kKAnonymized, Level::kFullAccess}) {
    if (dataset.policy.levels.contains(level) && !(dataset.policy.IsPublic() && level == Level::kKAnonymized)) {
      AddRows(dataset, level, out);
    }
  }
  return out;
}

std::vector<ExampleQuery> ExamplesAcross(const std::vector<NamedTerms>& datasets) {
  std::vector<ExampleQuery> out;
  for (const NamedTerms& a : datasets) {
    for (const NamedTerms& b : datasets) {
      if (a.name != b.name) AddJoin(a, b, out);
    }
  }
  return out;
}

}  // namespace cloister::agreement
