// Rule R13: a query that releases one value may stand where a filter has a constant.
//
//   WHERE cost > (SELECT AVG(cost) FROM patients)    becomes    WHERE cost > round(<released average> / 1000) * 1000
//
// The value is released like any other, and brought to the owner's grid inside the plan: so the filter selects what a
// constant on the grid would select (R09). A value that is held back is NULL, and then nothing is selected.

#include <algorithm>

#include "sql/passes/permitter.h"

namespace cloister::sql {

namespace {

// Every column inside means a source inside: a correlated query would run for each person.
bool IsClosed(const RelationPtr& root) {
  std::set<int> sources{kOwnOutput};
  ForEachRelation(root, [&](const Relation& relation) {
    ForEachSource(relation.from, [&](const Source& source) { sources.insert(source.id); });
  });
  bool closed = true;
  ForEachRelation(root, [&](const Relation& relation) {
    ForEachExpr(relation, [&](const ExprPtr& expr) {
      ForEachColumn(expr, [&](const Expr& column) { closed = closed && sources.contains(column.source); });
    });
  });
  return closed;
}

bool JoinsOneRow(const From& from) {
  if (from.kind == From::Kind::kNone) return true;
  if (from.kind == From::Kind::kSource) return HasOneRowAtMost(*from.source.relation);
  return JoinsOneRow(*from.left) && JoinsOneRow(*from.right);
}

ExprPtr ScalarQuery(std::string function, RelationPtr relation, TextRange range) {
  auto query = std::make_shared<Expr>();
  query->kind = ExprKind::kSubquery;
  query->function = std::move(function);
  query->type = relation->columns[0].type;
  query->range = range;
  query->relation = std::move(relation);
  return query;
}

std::shared_ptr<Relation> SelectOf(From from, const ExprPtr& item) {
  auto select = std::make_shared<Relation>();
  select->range = item->range;
  select->from = std::move(from);
  select->items = {item};
  select->columns = {{"value", item->type}};
  return select;
}

// The column that a comparison tests, through a cast that keeps every value.
const Expr* SubjectOf(const ExprPtr& side) {
  if (side->kind == ExprKind::kCast && side->type.kind == Type::Kind::kDouble && side->args[0]->type.IsNumeric())
    return SubjectOf(side->args[0]);
  return IsColumn(side) ? side.get() : nullptr;
}

}  // namespace

bool HasOneRowAtMost(const Relation& relation) {
  if (relation.kind == Relation::Kind::kRelease)
    return relation.release->keys.empty() && relation.release->sets.empty();
  if (relation.kind != Relation::Kind::kSelect) return false;
  if (relation.limit && *relation.limit <= 1) return true;
  if (relation.grouped) return relation.keys.empty() && relation.sets.empty();
  return JoinsOneRow(relation.from);
}

bool Permitter::ReleasesOneValue(const RelationPtr& relation) const {
  return !IsProtected(*relation) && HasOneRowAtMost(*relation) && IsClosed(relation);
}

// FROM patients, (SELECT AVG(cost) AS a FROM patients) t: each column of t is such a value.
bool Permitter::InlineReleasedRow(const Source& source) {
  const RelationPtr released = ReleaseRelation(source.relation);
  if (!released) return false;
  std::vector<ExprPtr> values;
  for (std::size_t i = 0; i < released->columns.size(); ++i) {
    From from;
    from.kind = From::Kind::kSource;
    from.range = source.range;
    from.source = {bound_.NewSourceId(), released, "", false, source.range};
    const ExprPtr column =
        MakeColumn(from.source.id, static_cast<int>(i), released->columns[i].type, source.range);
    values.push_back(ScalarQuery(std::string(kReleasedValue), SelectOf(std::move(from), column), source.range));
  }
  inlined_[source.id] = std::move(values);
  return true;
}

namespace {

// Whether all tests of released values ask for more of them: a list of what is rare is a list of whom to look for.
bool AsksForMore(const ExprPtr& tests) {
  if (!tests) return true;
  if (IsCall(tests, "and")) return std::all_of(tests->args.begin(), tests->args.end(), AsksForMore);
  if ((!IsCall(tests, ">") && !IsCall(tests, ">=")) || !IsLiteral(tests->args[1])) return false;
  return IsColumn(tests->args[0]) || tests->args[0]->kind == ExprKind::kAggregate;
}

}  // namespace

// WHERE ward IN (SELECT ward FROM visits GROUP BY ward HAVING COUNT(*) > 100): the groups are released first, and the
// filter is the list that they give. Null after a finding.
UnitTablePtr Permitter::ReleasedList(const ExprPtr& test, const Source& source, bool negated) {
  bool plain = IsClosed(test->relation) && !negated && !scope_.is_noisy();
  ForEachRelation(test->relation, [&](const Relation& inner) {
    plain = plain && inner.kind != Relation::Kind::kSetOperation && !inner.qualify && inner.sets.empty() &&
            AsksForMore(inner.having);
    if (inner.kind == Relation::Kind::kSelect && !IsProtected(inner.from)) plain = plain && AsksForMore(inner.where);
  });
  if (!plain) {
    scope_.Refuse("R13", test,
                  "Rows of persons may be filtered by IN (SELECT dimension ... GROUP BY dimension), with tests of its "
                  "aggregates by > and >= only; other lists of released values are not admitted.");
    return nullptr;
  }
  auto table = std::make_shared<UnitTable>();
  table->kind = UnitTable::Kind::kPublic;
  table->source = source.id;
  table->range = source.range;
  table->relation = ReleaseRelation(test->relation);
  if (!table->relation) return nullptr;
  constants_.push_back(table->relation);
  for (const OutputColumn& column : table->relation->columns) {
    agreement::ColumnPolicy policy;
    policy.roles = {agreement::Role::kPublic};
    table->columns.push_back({column.name, column.type, policy, nullptr});
  }
  return table;
}

// The side of a comparison that is computed from released values; null after a finding.
ExprPtr Permitter::ReleaseConstant(const ExprPtr& side, const Expr& subject) {
  bool fine = side->type.IsNumeric();
  const std::function<void(const ExprPtr&)> look = [&](const ExprPtr& node) {
    if (node->kind == ExprKind::kSubquery && node->function != kReleasedValue) {
      fine = fine && node->function.empty() && ReleasesOneValue(node->relation);
    }
    ForEachChild(*node, look);
  };
  look(side);
  if (!fine) {
    scope_.Refuse("R13", side,
                  "A filter may compare with one released number, such as (SELECT AVG(cost) FROM ...): a query that "
                  "aggregates without GROUP BY and does not look at the outer row.");
    return nullptr;
  }
  const std::size_t before = findings_.size();
  ExprPtr value = MakeCast(ReleaseExpr(side), kDoubleType);
  if (findings_.size() != before) return nullptr;
  const UnitColumn& column = scope_.Column(subject);
  const std::optional<double> grid = column.policy.filter_grid;
  if (grid) {
    const ExprPtr step = MakeLiteral(Literal::Double(*grid), side->range);
    value = MakeCall("round", {MakeCall("/", {value, step}, kDoubleType, side->range)}, kDoubleType, side->range);
    value = MakeCall("*", {value, step}, kDoubleType, side->range);
  }
  const RelationPtr relation = SelectOf({}, value);
  constants_.push_back(relation);
  return ScalarQuery(std::string(kReleasedConstant), relation, side->range);
}

ExprPtr Permitter::ReleaseConstants(const ExprPtr& expr) {
  if (scope_.is_noisy()) return expr;  // a stage reads datasets only
  if (IsCall(expr, "and") || IsCall(expr, "or") || IsCall(expr, "not")) {
    bool whole = true;
    ExprPtr mapped = MapChildren(expr, [&](const ExprPtr& child) {
      ExprPtr value = ReleaseConstants(child);
      whole = whole && value;
      return value ? value : child;
    });
    return whole ? mapped : nullptr;
  }
  if (expr->kind != ExprKind::kCall || expr->args.size() != 2 || !ContainsKind(expr, ExprKind::kSubquery)) return expr;
  for (std::size_t i = 0; i < 2; ++i) {
    const ExprPtr& side = expr->args[1 - i];
    const Expr* subject = SubjectOf(expr->args[i]);
    bool columns = false;
    ForEachColumn(side, [&](const Expr&) { columns = true; });
    if (subject == nullptr || !scope_.Has(subject->source) || columns) continue;
    const ExprPtr constant = ReleaseConstant(side, *subject);
    if (!constant) return nullptr;
    auto copy = CloneExpr(*expr);
    copy->args[1 - i] = constant;
    return copy;
  }
  return expr;
}

}  // namespace cloister::sql
