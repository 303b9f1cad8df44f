// Rules R06, R08, R28, R29: aggregates over persons' rows, and the conditions that must be guarded.

#include <algorithm>
#include <cmath>

#include "sql/passes/unit_scope.h"

namespace cloister::sql {
namespace {

using agreement::Role;

constexpr double kQuantileMin = 0.05;
constexpr double kQuantileMax = 0.95;

ExprPtr Not(const ExprPtr& expr) { return MakeCall("not", {expr}, kBooleanType, expr->range); }
// A condition that is NULL selects nothing; its complement must know that.
ExprPtr IsTrue(const ExprPtr& expr) {
  return MakeCall("coalesce", {expr, MakeLiteral(Literal::Bool(false))}, kBooleanType, expr->range);
}

// Adds `condition AND test` for each condition.
void AddEachWith(const ExprPtr& test, const std::vector<ExprPtr>& conditions, std::vector<ExprPtr>& out) {
  for (const ExprPtr& condition : conditions)
    out.push_back(MakeCall("and", {condition, test}, kBooleanType, test->range));
}

bool IsMoment(std::string_view f) {
  return f == "stddev_samp" || f == "stddev_pop" || f == "var_samp" || f == "var_pop" || f == "corr" ||
         f == "covar_samp" || f == "covar_pop";
}

}  // namespace

// Rule R28: the analyst could have loaded powers of two, so that one sum names every matched person.
bool UnitScope::CheckOwnMeasure(const Expr& aggregate, const UnitBlock& block) {
  const bool others = std::any_of(block.counters.begin(), block.counters.end(), [&](const UnitCounter& counter) {
    return counter.dataset->organisation != request_.analyst_organisation;
  });
  bool fine = true;
  for (const ExprPtr& arg : aggregate.args) {
    ForEachColumn(arg, [&](const Expr& column) {
      const UnitColumn& known = Column(column);
      if (!others || known.dataset == nullptr || known.dataset->organisation != request_.analyst_organisation) return;
      if (known.policy.Is(Role::kJoinKey) || known.policy.Is(Role::kPublic)) return;
      RefuseColumn("R28", column,
                   "A measure of your own organisation cannot be aggregated over a match with another's dataset.");
      fine = false;
    });
  }
  return fine;
}

// A measure may be a condition around its own table's aggregates only.
bool UnitScope::CheckConditionTable(const ExprPtr& condition, const Expr& aggregate, const UnitBlock& block) {
  std::set<int> tables;
  for (const ExprPtr& arg : aggregate.args)
    ForEachColumn(arg, [&](const Expr& column) { tables.insert(column.source); });
  if (aggregate.function == "count_star") {
    for (const UnitTablePtr& table : block.tables) {
      if (!table->counters.empty()) tables.insert(table->source);
    }
  }
  bool fine = true;
  ForEachColumn(condition, [&](const Expr& column) {
    const UnitColumn& known = Column(column);
    if (known.policy.Is(Role::kDimension) || known.policy.Is(Role::kPublic) || known.unit_count) return;
    if (tables.size() == 1 && *tables.begin() == column.source) return;
    RefuseColumn("R09", column,
                 known.name + " is a measure; it may be a condition only around aggregates of its own table.");
    fine = false;
  });
  return fine;
}

// CASE inside an aggregate: every branch is a condition of its own.
bool UnitScope::CheckCaseValue(const Expr& expr, std::string_view function, UnitAggregate& out) {
  const auto self = std::make_shared<Expr>(expr);
  ExprPtr measure;
  std::vector<ExprPtr> constants;
  for (std::size_t i = 1; i <= expr.args.size(); i += 2) {
    const ExprPtr& result = i == expr.args.size() ? expr.args.back() : expr.args[i];
    if (IsLiteral(result)) {
      constants.push_back(result);
    } else if (!measure || SameExpr(measure, result)) {
      measure = result;
    } else {
      Refuse("R08", self,
             "CASE inside an aggregate gives one measure or constants; use an aggregate for each measure.");
      return false;
    }
  }
  if (!IsLiteral(expr.args.back())) constants.push_back(nullptr);
  constants.erase(std::remove(constants.begin(), constants.end(), nullptr), constants.end());
  if (measure && function != "count" && !CheckMeasure(measure)) return false;
  for (const ExprPtr& constant : constants) {
    if (constant->literal.IsNull() || function == "count") continue;
    const auto value = constant->literal.AsNumber();
    bool inside = value && (*value == 0 || (*value == 1 && !measure));
    if (measure && IsColumn(measure) && value) {
      const auto& bounds = Column(*measure).policy.bounds;
      inside = bounds && *value >= bounds->min && *value <= bounds->max;
    }
    if (!inside) {
      Refuse("R29", constant,
             "A constant next to a measure must lie inside its bounds; a constant alone is 0, 1 or NULL.", "NULL");
      return false;
    }
  }
  if (measure) {
    ForEachColumn(measure, [&](const Expr& column) {
      out.skipped.push_back(MakeCall("is_null", {std::make_shared<Expr>(column)}, kBooleanType, column.range));
    });
  }
  if (!CheckBranches(expr, out)) return false;
  if (IsLiteral(expr.args.back())) return true;
  // ELSE measure selects the rows that no branch takes.
  std::vector<ExprPtr> rest;
  for (std::size_t i = 0; i + 1 < expr.args.size(); i += 2) rest.push_back(Not(IsTrue(expr.args[i])));
  out.conditions.push_back(rest.size() == 1 ? rest[0] : MakeCall("and", rest, kBooleanType, expr.range));
  return true;
}

// Branches with one result are one condition; each holds where its WHEN does and no earlier one did.
bool UnitScope::CheckBranches(const Expr& expr, UnitAggregate& out) {
  std::vector<ExprPtr> earlier;
  std::vector<std::pair<ExprPtr, std::size_t>> results;  // and the index of their condition
  for (std::size_t i = 0; i + 1 < expr.args.size(); i += 2) {
    if (!CheckPredicate(expr.args[i], Place::kCondition) || !CheckIsolation(expr.args[i])) return false;
    std::vector<ExprPtr> parts{IsTrue(expr.args[i])};
    for (const ExprPtr& before : earlier) parts.push_back(Not(IsTrue(before)));
    const ExprPtr taken = parts.size() == 1 ? parts[0] : MakeCall("and", parts, kBooleanType, expr.args[i]->range);
    earlier.push_back(expr.args[i]);
    const auto same = std::find_if(results.begin(), results.end(),
                                   [&](const auto& known) { return SameExpr(known.first, expr.args[i + 1]); });
    if (same == results.end()) {
      results.emplace_back(expr.args[i + 1], out.conditions.size());
      out.conditions.push_back(taken);
    } else {
      ExprPtr& condition = out.conditions[same->second];
      condition = MakeCall("or", {condition, taken}, kBooleanType, expr.args[i]->range);
    }
  }
  return true;
}

std::optional<UnitAggregate> UnitScope::CheckCount(const Expr& aggregate, UnitAggregate out) {
  if (out.function == "count_star") return out;
  const ExprPtr& arg = aggregate.args[0];
  const Expr* column = nullptr;
  if (IsColumn(arg)) {
    column = arg.get();
    out.skipped.push_back(MakeCall("is_null", {arg}, kBooleanType, arg->range));
  } else if (arg->kind == ExprKind::kCase) {
    if (!CheckCaseValue(*arg, "count", out)) return std::nullopt;
    for (std::size_t i = 1; i + 1 < arg->args.size(); i += 2) {
      if (IsColumn(arg->args[i])) {
        column = arg->args[i].get();
      } else if (!IsLiteral(arg->args[i])) {
        Refuse("R08", arg->args[i],
               "COUNT(CASE ...) gives a column or a constant; an expression would be a hidden condition.");
        return std::nullopt;
      }
    }
    if (!IsLiteral(arg->args.back()) || !arg->args.back()->literal.IsNull()) {
      Refuse("R08", arg, "Write COUNT(*) FILTER (WHERE ...) for a conditional count.");
      return std::nullopt;
    }
  } else {
    Refuse("R08", arg,
           "COUNT takes a column, or * with FILTER (WHERE ...); an expression inside would be a hidden condition.");
    return std::nullopt;
  }
  if (column == nullptr) return out;
  const UnitColumn& known = Column(*column);
  if (known.policy.Is(Role::kHidden)) {
    IsUntouchable(*column);
    return std::nullopt;
  }
  if (out.distinct && !known.policy.Is(Role::kJoinKey)) {
    RefuseColumn(
        "R06", *column,
        "COUNT(DISTINCT ...) counts keys of persons only; group by " + known.name + " and count the rows outside.");
    return std::nullopt;
  }
  return out;
}

std::optional<UnitAggregate> UnitScope::CheckQuantile(const Expr& aggregate, UnitAggregate out) {
  const auto self = std::make_shared<Expr>(aggregate);
  const auto p = IsLiteral(aggregate.args[1]) ? aggregate.args[1]->literal.AsNumber() : std::nullopt;
  if (!p || *p < kQuantileMin || *p > kQuantileMax) {
    Refuse("R06", self, "A quantile lies between 0.05 and 0.95 and is a constant.");
    return std::nullopt;
  }
  if (aggregate.distinct) {
    Refuse("R06", self, "A quantile is over rows; DISTINCT is admitted in COUNT of a key and SUM of a public column.");
    return std::nullopt;
  }
  if (!IsColumn(aggregate.args[0])) {
    Refuse("R20", self, "A quantile takes a measure alone.");
    return std::nullopt;
  }
  const Expr& column = *aggregate.args[0];
  if (!CheckMeasureColumn(column)) return std::nullopt;
  const UnitColumn& known = Column(column);
  if (!known.policy.quantiles || !known.policy.filter_grid) {
    RefuseColumn("R06", column, "The owner does not allow quantiles of " + known.name + "; AVG is allowed.");
    return std::nullopt;
  }
  out.args = {aggregate.args[0], MakeLiteral(Literal::Double(*p), aggregate.args[1]->range)};
  out.threshold_factor = 1 / std::min(*p, 1 - *p);
  out.round_to = *known.policy.filter_grid;
  out.skipped.push_back(MakeCall("is_null", {aggregate.args[0]}, kBooleanType, column.range));
  return out;
}

// SUM(DISTINCT r.population): each value of a public table once.
std::optional<UnitAggregate> UnitScope::CheckDistinct(const Expr& aggregate, UnitAggregate out) {
  const auto self = std::make_shared<Expr>(aggregate);
  const bool sum = out.function == "sum" || out.function == "avg";
  if (sum && IsColumn(aggregate.args[0]) && Column(*aggregate.args[0]).policy.Is(Role::kPublic) &&
      CheckMeasureColumn(*aggregate.args[0]))
    return out;
  Refuse("R06", self, "DISTINCT is admitted in COUNT of a key, and in SUM of a public column.");
  return std::nullopt;
}

UnitAggregate AsWritten(const Expr& aggregate) {
  UnitAggregate out;
  out.function = aggregate.function;
  out.args = aggregate.args;
  out.distinct = aggregate.distinct;
  out.filter = aggregate.filter;
  out.type = aggregate.type;
  out.range = aggregate.range;
  return out;
}

std::optional<UnitAggregate> UnitScope::CheckAggregate(const Expr& aggregate, const UnitBlock& block) {
  UnitAggregate out = AsWritten(aggregate);
  const auto self = std::make_shared<Expr>(aggregate);
  const std::size_t before = findings_.size();
  CheckOwnMeasure(aggregate, block);
  if (aggregate.filter && CheckPredicate(aggregate.filter, Place::kCondition) && CheckIsolation(aggregate.filter)) {
    CheckConditionTable(aggregate.filter, aggregate, block);
    out.conditions.push_back(IsTrue(aggregate.filter));
  }
  std::optional<UnitAggregate> checked;
  const std::string& f = out.function;
  if (f == "count_star" || f == "count") {
    checked = CheckCount(aggregate, std::move(out));
  } else if (f == "approx_count_distinct") {
    const bool key = IsColumn(aggregate.args[0]) && Column(*aggregate.args[0]).policy.Is(Role::kJoinKey);
    if (key)
      checked = std::move(out);
    else
      Refuse("R06", self, "APPROX_COUNT_DISTINCT counts keys of persons only.");
  } else if (f == "quantile_cont") {
    checked = CheckQuantile(aggregate, std::move(out));
  } else if (aggregate.distinct) {
    checked = CheckDistinct(aggregate, std::move(out));
  } else if ((f == "sum" || f == "avg") && aggregate.args[0]->kind == ExprKind::kCase) {
    if (CheckCaseValue(*aggregate.args[0], f, out)) {
      CheckConditionTable(
          MakeCall(
              "and",
              out.conditions.size() > 1 ? out.conditions : std::vector<ExprPtr>{out.conditions[0], out.conditions[0]},
              kBooleanType),
          aggregate, block);
      checked = std::move(out);
    }
  } else if (f == "sum" || f == "avg" || IsMoment(f)) {
    bool fine = true;
    for (const ExprPtr& arg : aggregate.args) {
      fine = CheckMeasure(arg) && fine;
      ForEachColumn(arg, [&](const Expr& column) {
        const auto copy = std::make_shared<Expr>(column);
        out.skipped.push_back(MakeCall("is_null", {copy}, kBooleanType, column.range));
      });
    }
    if (fine && f != "sum" && f != "avg" && std::all_of(aggregate.args.begin(), aggregate.args.end(), IsLiteral))
      fine = false;
    if (fine) checked = std::move(out);
  } else {
    Refuse("R06", self,
           "Over persons' rows only COUNT, SUM, AVG, STDDEV, VAR, CORR, COVAR and permitted quantiles are admitted; " +
               f + " shows single values.");
  }
  if (findings_.size() != before) return std::nullopt;
  if (!checked) Refuse("R06", self, "This aggregate is not admitted over persons' rows.");
  if (checked) GuardBooleans(*checked);
  if (checked) GuardChosenRows(*checked);
  return checked;
}

// SUM(readmitted::INT) counts as COUNT(*) FILTER (WHERE readmitted) does, and has the same condition; so has the sum of
// what a block below made of it.
void UnitScope::GuardBooleans(UnitAggregate& aggregate) {
  if (aggregate.function.find("count") != std::string::npos || aggregate.args.empty()) return;
  aggregate.counts_conditions = aggregate.args[0]->kind == ExprKind::kCase;
  std::vector<ExprPtr> tests;
  for (const ExprPtr& column : AddedBy(aggregate)) {
    if (column->type.kind == Type::Kind::kBoolean)
      tests.push_back(IsTrue(column));
    else if (IsMadeOfBooleans(*column))
      tests.push_back(MakeCall(">", {column, MakeLiteral(Literal::Bigint(0), column->range)}, kBooleanType,
                               column->range));
  }
  const std::vector<ExprPtr> chosen = aggregate.conditions;
  for (const ExprPtr& test : tests) {
    aggregate.counts_conditions = true;
    if (chosen.empty()) aggregate.conditions.push_back(test);
    AddEachWith(test, chosen, aggregate.conditions);
  }
}

// A value made of some of each unit's rows is about the units that have such rows, beside any other condition.
void UnitScope::GuardChosenRows(UnitAggregate& aggregate) {
  std::map<std::pair<int, int>, ExprPtr> tests;
  for (const ExprPtr& arg : aggregate.args) {
    ForEachColumn(arg, [&](const Expr& column) {
      const auto rows = Column(column).chosen_rows;
      if (!rows) return;
      const ExprPtr count = MakeColumn(column.source, *rows, kBigintType, column.range);
      tests[{column.source, *rows}] =
          MakeCall(">", {count, MakeLiteral(Literal::Bigint(0), column.range)}, kBooleanType, column.range);
    });
  }
  const std::vector<ExprPtr> chosen = aggregate.conditions;
  for (const auto& [place, test] : tests) {
    AddEachWith(test, chosen, aggregate.conditions);
    aggregate.conditions.push_back(test);
  }
}

bool UnitScope::HasChosenRows(const ExprPtr& expr) const {
  bool any = false;
  ForEachColumn(expr, [&](const Expr& column) {
    any = any || (Has(column.source) && Column(column).chosen_rows.has_value());
  });
  return any;
}

// COUNT(*) FILTER (WHERE ward = 'ER'), SUM(CASE WHEN ward = 'ER' THEN charge ELSE 0 END) of one person: one condition,
// of what may be filtered, since the number of such rows may be filtered and grouped by.
bool UnitScope::CheckPerUnitCondition(const Expr& aggregate, UnitAggregate& out) {
  const bool chooses = !aggregate.args.empty() && aggregate.args[0]->kind == ExprKind::kCase;
  if (aggregate.filter && chooses) return false;
  if (aggregate.filter) out.conditions.push_back(IsTrue(aggregate.filter));
  if (chooses && !CheckCaseValue(*aggregate.args[0], out.function, out)) return false;
  out.skipped.clear();
  if (out.conditions.size() != 1 || !IsCall(out.conditions[0], "coalesce")) return false;
  const ExprPtr& condition = out.conditions[0]->args[0];
  return !HasChosenRows(condition) && CheckPredicate(condition, Place::kFilter) && CheckIsolation(condition);
}

std::optional<UnitAggregate> UnitScope::CheckPerUnitAggregate(const Expr& aggregate) {
  const auto self = std::make_shared<Expr>(aggregate);
  UnitAggregate out = AsWritten(aggregate);
  const bool of_chosen = std::any_of(aggregate.args.begin(), aggregate.args.end(),
                                     [&](const ExprPtr& arg) { return HasChosenRows(arg); });
  if (of_chosen) {
    Refuse("R08", self, "What is computed of some of a person's rows is aggregated over persons at once.");
    return std::nullopt;
  }
  // How many wards one person has been in is a small number about him, as his number of rows is.
  if (aggregate.distinct && !aggregate.filter && out.function == "count" && IsColumn(aggregate.args[0]) &&
      IsGeneralisation(aggregate.args[0]))
    return out;
  const std::string& f = out.function;
  const bool value = f == "sum" || f == "avg";
  const bool chooses = value && aggregate.args[0]->kind == ExprKind::kCase;
  if (aggregate.filter || chooses) {
    const std::size_t before = findings_.size();
    if (!aggregate.distinct && (value || f == "count_star") && CheckPerUnitCondition(aggregate, out) &&
        (f == "count_star" || chooses || CheckMeasure(aggregate.args[0])))
      return out;
    if (findings_.size() != before) return std::nullopt;
  }
  if (aggregate.filter || chooses || aggregate.distinct) {
    Refuse("R08", self,
           "A condition inside one person's aggregate is one, of columns that may be filtered, in COUNT(*), SUM or "
           "AVG; or filter in WHERE.");
    return std::nullopt;
  }
  if (f == "count_star") return out;
  if (f == "count" && IsColumn(aggregate.args[0]) && Column(*aggregate.args[0]).policy.Is(Role::kJoinKey)) return out;
  if (value && CheckMeasure(aggregate.args[0])) return out;
  if (!value) Refuse("R06", self, "In an inner query per person only COUNT(*), SUM and AVG of measures are admitted.");
  return std::nullopt;
}

}  // namespace cloister::sql
