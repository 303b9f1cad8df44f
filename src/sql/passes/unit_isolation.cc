// Rule R08, the part that can be seen in the text. A condition inside an aggregate splits a large group without
// making it smaller, so its text must not be made to pick out persons: it names at most one quasi-identifier, and that
// one no finer than the owner generalises it. The engine counts the units on both sides as well (protect).

#include <algorithm>
#include <cmath>
#include <limits>

#include "sql/function.h"
#include "sql/passes/unit_scope.h"

namespace cloister::sql {
namespace {

using agreement::ColumnPolicy;
using agreement::Role;

constexpr std::size_t kIdentifiersMax = 2;
constexpr double kTailShareMin = 0.1;  // of a measure's bounds, at the upper end, where few persons are

// The values of a column that the tests of a condition can tell from the others.
struct Interval1 {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool point = false;  // an equality or a list
};

double FirstWidth(const ColumnPolicy& policy) {
  double width = 0;
  for (const auto& step : policy.generalise) {
    if (step.width && (width == 0 || *step.width < width)) width = *step.width;
  }
  return width;
}

double LastWidth(const ColumnPolicy& policy) {
  double width = 0;
  for (const auto& step : policy.generalise) width = std::max(width, step.width.value_or(0));
  return width;
}

void Narrow(Interval1& interval, std::string_view op, double constant) {
  if (op == "<" || op == "<=")
    interval.high = std::min(interval.high, constant);
  else if (op == ">" || op == ">=")
    interval.low = std::max(interval.low, constant);
  else
    interval.point = true;
}

// The longest prefix among steps such as "left(zip,4)".
std::int64_t LongestPrefix(const ColumnPolicy& policy) {
  std::int64_t longest = 0;
  for (const auto& step : policy.generalise) {
    const std::size_t comma = step.text.find(',');
    if (!step.text.starts_with("left(") || comma == std::string::npos) continue;
    std::int64_t length = 0;
    for (std::size_t i = comma + 1; i < step.text.size() && step.text[i] >= '0' && step.text[i] <= '9'; ++i) {
      length = std::min<std::int64_t>(length * 10 + (step.text[i] - '0'), 1000);
    }
    longest = std::max(longest, length);
  }
  return longest;
}

bool IsPrefix(const Literal& pattern, std::int64_t length_max) {
  const auto text = pattern.AsText();
  if (!text || text->size() < 2 || text->back() != '%') return false;
  const std::string_view prefix = std::string_view(*text).substr(0, text->size() - 1);
  return static_cast<std::int64_t>(prefix.size()) <= length_max && prefix.find_first_of("%_\\") == prefix.npos;
}

// Tests of one column in the tree. OR and NOT are read as if each test stood alone: a narrow one is narrow anyhow.
// LIKE 'x%' is left(column, n) = 'x'; `prefix_max` is the longest that the owner generalises to.
void Collect(const ExprPtr& expr, int source, int column, std::int64_t prefix_max, std::vector<Interval1>& out,
             Interval1& together) {
  if (IsCall(expr, "and")) {
    for (const ExprPtr& arg : expr->args) Collect(arg, source, column, prefix_max, out, together);
    return;
  }
  if (expr->kind != ExprKind::kCall) return;
  if (expr->function == "or" || expr->function == "not") {
    for (const ExprPtr& arg : expr->args) {
      Interval1 alone;
      Collect(arg, source, column, prefix_max, out, alone);
      out.push_back(alone);
    }
    return;
  }
  const auto is_it = [&](const ExprPtr& arg) {
    return IsColumn(arg) && arg->source == source && arg->column == column;
  };
  if (std::none_of(expr->args.begin(), expr->args.end(), is_it)) return;
  if (expr->function == "like" && IsLiteral(expr->args[1]) && IsPrefix(expr->args[1]->literal, prefix_max)) return;
  if (!IsComparison(expr->function) || expr->args.size() != 2) {
    together.point = true;
    return;
  }
  const bool mirrored = is_it(expr->args[1]);
  const ExprPtr& constant = expr->args[mirrored ? 0 : 1];
  const auto number = IsLiteral(constant) ? constant->literal.AsNumber() : std::nullopt;
  const std::string_view op = mirrored ? MirroredComparison(expr->function) : std::string_view(expr->function);
  if (number)
    Narrow(together, op, *number);
  else
    together.point = true;
}

// A numeric quasi-identifier: a range inside its bounds as wide as the first generalisation, an open end as the last.
bool IsWideEnough(const Interval1& range, const ColumnPolicy& policy) {
  if (range.point) return false;
  const bool open_low = !std::isfinite(range.low);
  const bool open_high = !std::isfinite(range.high);
  if (open_low && open_high) return true;
  const agreement::Bounds bounds = policy.bounds.value_or(agreement::Bounds{0, 0});
  const double low = open_low ? bounds.min : range.low;
  const double high = open_high ? bounds.max : range.high;
  const bool tail = low <= bounds.min || high >= bounds.max;
  return high - low + 1 >= (tail ? LastWidth(policy) : FirstWidth(policy));
}

// A band on the owner's grid, but none within the upper end: its few persons are who a text would want to pick out.
bool IsWideMeasure(const Interval1& range, const ColumnPolicy& policy) {
  if (!policy.bounds || !std::isfinite(range.low)) return true;
  return range.low <= policy.bounds->max - kTailShareMin * (policy.bounds->max - policy.bounds->min);
}

// A quasi-identifier inside a call, such as left(zip, 3): only a prefix no longer than its owner's.
bool IsCoarseCall(const Expr& call, const ColumnPolicy& policy) {
  if (call.kind != ExprKind::kCall || (call.function != "left" && call.function != "substr")) return false;
  const auto length = IsLiteral(call.args.back()) ? call.args.back()->literal.AsInteger() : std::nullopt;
  return length && *length <= LongestPrefix(policy);
}

// Whether each place where the column stands inside a call is coarse enough.
bool CallsAreCoarse(const ExprPtr& expr, int source, int column, const ColumnPolicy& policy, bool inside) {
  bool fine = true;
  const bool test = expr->kind == ExprKind::kCall &&
                    (IsComparison(expr->function) || expr->function == "and" || expr->function == "or" ||
                     expr->function == "not" || expr->function == "in" || expr->function == "like" ||
                     expr->function == "ilike" || expr->function == "is_null" || expr->function == "is_not_null");
  ForEachChild(*expr, [&](const ExprPtr& child) {
    const bool it = IsColumn(child) && child->source == source && child->column == column;
    if (it && (inside || !test)) fine = fine && IsCoarseCall(*expr, policy);
    fine = fine && CallsAreCoarse(child, source, column, policy, inside || !test);
  });
  return fine;
}

// What an aggregate adds up: not what the conditions of its CASE test.
void CollectAdded(const ExprPtr& expr, std::vector<ExprPtr>& out) {
  if (IsColumn(expr)) out.push_back(expr);
  if (expr->kind != ExprKind::kCase) {
    ForEachChild(*expr, [&](const ExprPtr& child) { CollectAdded(child, out); });
    return;
  }
  for (std::size_t i = 1; i < expr->args.size(); i += 2) CollectAdded(expr->args[i], out);
  CollectAdded(expr->args.back(), out);
}

// Conditions inside a key: CASE WHEN age = 97 THEN ..., age = 97.
void CollectTests(const ExprPtr& key, std::vector<ExprPtr>& out) {
  if (key->type.kind == Type::Kind::kBoolean && !IsColumn(key)) {
    out.push_back(key);
    return;
  }
  ForEachChild(*key, [&](const ExprPtr& child) { CollectTests(child, out); });
}

bool IsJoin(const ExprPtr& test) {
  return IsCall(test, "=") && IsColumn(test->args[0]) && IsColumn(test->args[1]);
}

// What a block selects its rows by, at any depth.
void CollectTests(const UnitBlock& block, std::vector<ExprPtr>& out) {
  out.insert(out.end(), block.where.begin(), block.where.end());
  for (const UnitSemiJoin& join : block.semi_joins) {
    CollectTests(*join.block, out);
    // IN (SELECT ... of a public table): values, one by one.
    if (join.block->counters.empty())
      out.push_back(MakeCall("in", {join.outer, MakeLiteral(Literal::Null())}, kBooleanType, join.outer->range));
  }
  const auto table = [&](const UnitTable& one) {
    out.insert(out.end(), one.filters.begin(), one.filters.end());
    for (const auto& inner : one.blocks) CollectTests(*inner, out);
  };
  for (const UnitTablePtr& one : block.tables) table(*one);
  for (const UnitOuterJoin& join : block.outer_joins) {
    out.insert(out.end(), join.conditions.begin(), join.conditions.end());
    table(*join.table);
  }
}

constexpr double kValuesMin = 5;  // of a column that are added up, where the query chooses them by a range

// The tests of one column together: one range, of at least the owner's finest width inside the bounds, and of his
// widest at their upper end, where few are. Without bounds there is no telling; counts of one person's rows are few
// beyond two.
bool AreOneRange(const std::vector<std::pair<ExprPtr, const Expr*>>& tests, const UnitColumn& known) {
  std::vector<Interval1> arms;
  Interval1 range;
  for (const auto& [test, column] : tests) Collect(test, column->source, column->column, 0, arms, range);
  const auto says = [](const Interval1& one) {
    return one.point || std::isfinite(one.low) || std::isfinite(one.high);
  };
  if (range.point || std::any_of(arms.begin(), arms.end(), says)) return false;
  if (known.unit_count) return range.low <= 2 && !std::isfinite(range.high);
  if (!known.policy.bounds) return false;
  const double low = std::max(range.low, known.policy.bounds->min);
  const double high = std::min(range.high, known.policy.bounds->max);
  const double least = high >= known.policy.bounds->max ? LastWidth(known.policy) : FirstWidth(known.policy);
  return high - low + 1 >= std::max(kValuesMin, least);
}

}  // namespace

// SUM(age) and COUNT(*) where age is 40 or 97 tell how many are 97, and COVAR_POP(cost, age) what they cost: a column
// whose single values the query chooses is no measure any more.
bool UnitScope::CheckChosenValues(const Release& release) {
  const UnitBlock& block = *release.block;
  std::vector<ExprPtr> tests;
  std::vector<ExprPtr> joins;
  std::vector<ExprPtr> all;
  CollectTests(block, all);
  for (const ExprPtr& test : all) (IsJoin(test) ? joins : tests).push_back(test);
  for (const ExprPtr& key : release.keys) CollectTests(key, tests);
  bool fine = true;
  for (const UnitAggregate& aggregate : release.aggregates) {
    if (aggregate.function.find("count") != std::string::npos) continue;
    const std::vector<ExprPtr> added = AddedBy(aggregate);
    std::vector<ExprPtr> own = tests;
    if (aggregate.filter) own.push_back(aggregate.filter);
    for (const ExprPtr& arg : aggregate.args) CollectTests(arg, own);
    const bool moment = aggregate.function != "sum" && aggregate.function != "avg";
    if (moment) {
      // Of a band of few values a covariance tells what those who have each of them have.
      for (const ExprPtr& key : release.keys) {
        if (!IsColumn(key)) own.push_back(key);
      }
    }
    for (const ExprPtr& column : added) fine = fine && CheckChosenValues(*column, own, joins, moment);
  }
  return fine;
}

// Columns of datasets that a column of the unit level is made of.
void UnitScope::CollectOrigins(const Expr& column, std::set<std::pair<const CompileDataset*, int>>& out) const {
  if (!Has(column.source)) return;
  const UnitTable& table = *Table(column.source);
  if (table.dataset != nullptr) out.insert({table.dataset, column.column});
  for (const auto& block : table.blocks) {
    if (column.column >= static_cast<int>(block->items.size())) continue;
    ForEachColumn(block->items[column.column], [&](const Expr& inner) { CollectOrigins(inner, out); });
  }
}

std::vector<ExprPtr> UnitScope::AddedBy(const UnitAggregate& aggregate) {
  std::vector<ExprPtr> added;
  for (const ExprPtr& arg : aggregate.args) CollectAdded(arg, added);
  return added;
}

bool UnitScope::IsMadeOfBooleans(const Expr& column) const {
  std::set<std::pair<const CompileDataset*, int>> origins;
  CollectOrigins(column, origins);
  return std::any_of(origins.begin(), origins.end(), [](const auto& one) {
    const auto& type = one.first->schema.columns[static_cast<std::size_t>(one.second)].type;
    return Type::Of(type).kind == Type::Kind::kBoolean;
  });
}

// The same column, or of another reference to the same dataset: both are joined by the person's key.
bool UnitScope::HoldsTheSame(const Expr& a, const Expr& b) const {
  if (a.source == b.source && a.column == b.column) return true;
  std::set<std::pair<const CompileDataset*, int>> of_a, of_b;
  CollectOrigins(a, of_a);
  CollectOrigins(b, of_b);
  return std::any_of(of_a.begin(), of_a.end(), [&](const auto& one) { return of_b.contains(one); });
}

bool UnitScope::CheckChosenValues(const Expr& column, const std::vector<ExprPtr>& tests,
                                  const std::vector<ExprPtr>& joins, bool moment) {
  const UnitColumn& known = Column(column);
  const bool boolean = known.type.kind == Type::Kind::kBoolean;
  std::set<std::pair<const CompileDataset*, int>> origins;
  CollectOrigins(column, origins);
  const bool of_dimension = std::any_of(origins.begin(), origins.end(), [](const auto& one) {
    const auto& name = one.first->schema.columns[static_cast<std::size_t>(one.second)].name;
    return one.first->policy.Column(name).Is(Role::kDimension);
  });
  const bool chosen = known.policy.Is(Role::kPublic) || of_dimension || known.unit_count;
  if (!chosen || (boolean && !moment)) return true;
  // A public value stands for what its table is joined by.
  std::vector<ExprPtr> stand_ins;
  for (const ExprPtr& join : joins) {
    const bool of_table = join->args[0]->source == column.source || join->args[1]->source == column.source;
    if (!known.policy.Is(Role::kPublic) || !of_table) continue;
    stand_ins.insert(stand_ins.end(), join->args.begin(), join->args.end());
  }
  const Expr* tested_by = nullptr;
  std::vector<std::pair<ExprPtr, const Expr*>> ranges;
  std::vector<ExprPtr> kept;  // what `ranges` points into
  ExprPtr wrong;
  for (const ExprPtr& test : tests) {
    ForEachColumn(test, [&](const Expr& tested) {
      const bool by_join = std::any_of(stand_ins.begin(), stand_ins.end(),
                                       [&](const ExprPtr& other) { return HoldsTheSame(tested, *other); });
      // With one value alone there is nothing to tell apart.
      const bool one_value = IsCall(test, "=") && tested.source == column.source && !boolean;
      const bool itself = HoldsTheSame(tested, column) && !one_value;
      if (by_join || (itself && moment)) wrong = test;
      if (!itself) return;
      kept.push_back(std::make_shared<Expr>(tested));
      tested_by = kept.back().get();
      ranges.emplace_back(test, tested_by);
    });
  }
  if (!wrong && !ranges.empty() && !AreOneRange(ranges, Column(*tested_by))) wrong = ranges.front().first;
  if (!wrong) return true;
  Refuse("R20", wrong,
         "This tests values of " + known.name +
             ", which an aggregate of the query adds up: both together tell how many have each value. Test a wide "
             "range of it, or aggregate another column.");
  return false;
}

bool UnitScope::CheckIsolation(const ExprPtr& condition) {
  std::set<std::pair<int, int>> seen;
  std::set<std::pair<int, int>> identifiers;
  ForEachColumn(condition, [&](const Expr& column) {
    seen.insert({column.source, column.column});
    if (Column(column).policy.quasi_identifier) identifiers.insert({column.source, column.column});
  });
  if (identifiers.size() > kIdentifiersMax) {
    Refuse("R08", condition,
           "This condition combines quasi-identifiers and could pick out one person; use WHERE and GROUP BY, or fewer "
           "of them.");
    return false;
  }
  for (const auto& [source, column] : seen) {
    const UnitColumn& known = Table(source)->columns[column];
    std::vector<Interval1> ranges;
    Interval1 together;
    Collect(condition, source, column, LongestPrefix(known.policy), ranges, together);
    ranges.push_back(together);
    const bool generalised = known.policy.quasi_identifier && !known.policy.generalise.empty();
    if (generalised && !CallsAreCoarse(condition, source, column, known.policy, false)) {
      Refuse("R08", condition,
             "Inside an aggregate " + known.name + " may be tested only as coarsely as its owner generalises it.");
      return false;
    }
    const bool measure = known.policy.Is(Role::kMeasure) && !known.policy.Is(Role::kDimension);
    for (const Interval1& range : ranges) {
      const bool fine = generalised ? (FirstWidth(known.policy) > 0 ? IsWideEnough(range, known.policy) : !range.point)
                        : measure   ? IsWideMeasure(range, known.policy)
                                    : true;
      if (fine) continue;
      Refuse("R08", condition,
             "Inside an aggregate " + known.name + " may be tested only as coarsely as its owner generalises it.");
      return false;
    }
  }
  return true;
}

}  // namespace cloister::sql
