#include "sql/lower/anonymous_stage.h"

#include <algorithm>
#include <cmath>

#include "codec/json.h"

namespace cloister::sql {
namespace {

using Level = GeneralisationLevel;

constexpr std::string_view kTable = "released_0";

// n of "left(zip,4)"; 0 for any other text.
std::int64_t PrefixOf(std::string_view step) {
  const std::size_t comma = step.find(',');
  if (!step.starts_with("left(") || comma == std::string_view::npos) return 0;
  std::int64_t length = 0;
  for (std::size_t i = comma + 1; i < step.size() && step[i] >= '0' && step[i] <= '9'; ++i)
    length = std::min<std::int64_t>(length * 10 + (step[i] - '0'), 1000);
  return length;
}

// Whether each value of `next` holds whole values of `last`; steps that do not are left out.
bool Coarsens(const Level& last, const Level& next) {
  if (next.kind == Level::Kind::kAll) return true;
  if (last.kind == Level::Kind::kAll || next.kind == Level::Kind::kValue) return false;
  if (last.kind == Level::Kind::kValue) return true;
  if (last.kind != next.kind) return false;
  if (next.kind == Level::Kind::kPrefix) return next.prefix < last.prefix;
  const double times = next.width / last.width;
  return times > 1 && times == std::floor(times);
}

// The owner's steps in his order, from the first that he names; without any the value or nothing. The last is `*`.
std::vector<Level> LevelsOf(const UnitColumn& column) {
  std::vector<Level> levels;
  const auto add = [&](const Level& level) {
    if (levels.empty() || Coarsens(levels.back(), level)) levels.push_back(level);
  };
  for (const auto* steps : {&column.policy.hierarchy, &column.policy.generalise}) {
    for (const agreement::GeneralisationStep& step : *steps) {
      if (step.width) {
        if (column.type.IsNumeric()) add({.kind = Level::Kind::kBand, .width = *step.width});
      } else if (step.text == "value") {
        add({.kind = Level::Kind::kValue});
      } else if (const std::int64_t prefix = PrefixOf(step.text); prefix > 0) {
        add({.kind = Level::Kind::kPrefix, .prefix = prefix});
      }
    }
  }
  if (levels.empty()) levels.push_back({.kind = Level::Kind::kValue});
  levels.push_back({.kind = Level::Kind::kAll});
  return levels;
}

AnonymousColumn Describe(const UnitColumn& column, bool released) {
  AnonymousColumn out{.distinct_l = column.policy.DistinctValues(),
                      .entropy_l = column.policy.entropy_l_diversity.value_or(1),
                      .closeness_t = column.policy.t_closeness.value_or(1)};
  if (!released) {
    out.kind = AnonymousColumn::Kind::kTested;
  } else if (column.policy.quasi_identifier) {
    out.kind = AnonymousColumn::Kind::kQuasiIdentifier;
    out.levels = LevelsOf(column);
    if (column.policy.bounds) out.span = column.policy.bounds->max - column.policy.bounds->min;
  } else if (!column.policy.Is(agreement::Role::kDimension)) {
    out.kind = AnonymousColumn::Kind::kBanded;
    out.band = column.policy.kanon_band.value_or(0);
  }
  return out;
}

bool IsNumber(const AnonymousColumn& column) {
  return column.kind == AnonymousColumn::Kind::kBanded ||
         std::any_of(column.levels.begin(), column.levels.end(),
                     [](const Level& level) { return level.kind == Level::Kind::kBand; });
}

// Dates no finer than their owner shows them.
std::string Granular(const std::string& sql, const UnitColumn& column) {
  if (!column.type.IsTemporal()) return sql;
  const auto granularity = column.policy.date_granularity.value_or(agreement::DateGranularity::kYear);
  if (granularity == agreement::DateGranularity::kDay && column.type.kind == Type::Kind::kDate) return sql;
  return "CAST(date_trunc('" + std::string(DateGranularityName(granularity)) + "', " + sql + ") AS " +
         column.type.ToString() + ")";
}

std::string ExactType(const AnonymousColumn& out, const UnitColumn& column) {
  if (IsNumber(out)) return "DOUBLE";
  const bool tested = out.kind == AnonymousColumn::Kind::kTested;
  if (tested && out.closeness_t < 1 && column.type.IsNumeric()) return "DOUBLE";  // distances are along the line
  return out.kind == AnonymousColumn::Kind::kPlain ? column.type.ToString() : "VARCHAR";
}

}  // namespace

PlanStage MakeAnonymousStage(const PrivateQuery& query, SqlPrinter& printer, std::string& answer) {
  const AnonymousProjection& projection = *query.anonymous();
  const auto& columns = projection.table->columns;
  const agreement::DatasetPolicy& policy = projection.dataset->policy;
  AnonymousRelease release{
      .k = policy.min_group_size, .suppression_max = policy.suppression_limit, .pin = projection.pin};
  PlanStage stage{.table = std::string(kTable), .datasets = {projection.dataset->id}};
  std::vector<std::string> items;
  std::map<int, int> place;  // table column -> release column
  const auto add = [&](int index, bool released) {
    AnonymousColumn out = Describe(columns[index], released);
    out.source = static_cast<int>(items.size());
    const std::string type = ExactType(out, columns[index]);
    out.ordered = out.closeness_t < 1 && columns[index].type.IsNumeric() && type != "VARCHAR";
    items.push_back("CAST(" + Granular("\"s0\"." + QuoteIdentifier(columns[index].name), columns[index]) + " AS " +
                    type + ")");
    stage.exact.push_back({"e" + std::to_string(stage.exact.size()), type});
    place[index] = static_cast<int>(release.columns.size());
    release.columns.push_back(std::move(out));
  };
  for (const int index : projection.released) add(index, true);
  for (const int index : projection.tested) add(index, false);
  release.unit = static_cast<int>(items.size());
  const ExprPtr& unit = projection.table->counters.front().unit;
  items.push_back("CAST(\"s0\"." + QuoteIdentifier(columns[unit->column].name) + " AS VARCHAR)");
  stage.exact.push_back({"unit", "VARCHAR"});
  for (const int index : projection.shown) {
    const AnonymousColumn& out = release.columns[place.at(index)];
    const bool plain = out.kind == AnonymousColumn::Kind::kPlain;
    stage.columns.push_back(
        {"c" + std::to_string(stage.columns.size()), plain ? columns[index].type.ToString() : "VARCHAR"});
    release.shown.push_back(place.at(index));
  }
  stage.sql = printer.AnonymousSql(projection, items);
  stage.protection = std::move(release);
  std::string list;
  std::string order;
  for (std::size_t i = 0; i < stage.columns.size(); ++i) {
    const std::string separator = i == 0 ? "" : ", ";
    list +=
        separator + QuoteIdentifier(stage.columns[i].name) + " AS " + QuoteIdentifier(query.root()->columns[i].name);
    order += separator + std::to_string(i + 1) + " ASC NULLS LAST";
  }
  answer = "SELECT " + list + " FROM " + QuoteIdentifier(stage.table) + " ORDER BY " + order;
  return stage;
}

std::string SqlPrinter::AnonymousSql(const AnonymousProjection& projection, const std::vector<std::string>& items) {
  const std::string from = TableSql(*projection.table);
  std::string list;
  for (std::size_t i = 0; i < items.size(); ++i)
    list += (i == 0 ? "" : ", ") + items[i] + " AS " +
            QuoteIdentifier(i + 1 == items.size() ? "unit" : "e" + std::to_string(i));
  std::string where = "(" + Expression(projection.table->counters.front().unit) + " IS NOT NULL)";
  for (const ExprPtr& test : projection.where) where += " AND " + Total(test);
  return "SELECT " + list + " FROM " + from + " WHERE " + where;
}

}  // namespace cloister::sql
