// COUNT(DISTINCT zip): the number of groups that GROUP BY zip would show, so that a value of a few persons is not
// counted and its coming and going is not seen.
//
//   SELECT hospital, COUNT(DISTINCT zip) FROM patients GROUP BY hospital
//   becomes, with both blocks released on their own,
//   SELECT g.hospital, coalesce(v.n, 0) FROM (SELECT hospital FROM patients GROUP BY hospital) g
//   LEFT JOIN (SELECT hospital, COUNT(*) AS n FROM (SELECT hospital, zip FROM patients GROUP BY hospital, zip)
//              GROUP BY hospital) v USING (hospital)

#include "sql/passes/permitter.h"

namespace cloister::sql {

using agreement::Role;

int FirstSource(const From& from) {
  return from.kind == From::Kind::kJoin ? FirstSource(*from.left) : from.source.id;
}

bool Permitter::CountsValues(const ExprPtr& aggregate) const {
  const bool distinct = (aggregate->function == "count" && aggregate->distinct) ||
                        aggregate->function == "approx_count_distinct";
  if (!distinct || IsLiteral(aggregate->args[0])) return false;
  bool keys = false;
  ForEachColumn(aggregate->args[0], [&](const Expr& column) {
    keys = keys || !scope_.Has(column.source) || scope_.Column(column).policy.Is(Role::kJoinKey);
  });
  return !keys;
}

// What stands for the aggregate above the release; null after a finding. The count's own groups are joined to `from`.
ExprPtr Permitter::AddValueCount(const Expr& aggregate, const Release& release, From& from) {
  const ExprPtr& value = aggregate.args[0];
  if (!release.sets.empty()) {
    findings_.Add({"R06", aggregate.range,
                   "COUNT(DISTINCT ...) of values does not go with GROUPING SETS; count them in a query of its own."});
    return nullptr;
  }
  if (!scope_.CheckKey(value)) return nullptr;
  auto block = std::make_shared<UnitBlock>(*release.block);
  block->where.push_back(MakeCall("is_not_null", {value}, kBooleanType, value->range));
  if (aggregate.filter) {
    const bool fine = scope_.CheckPredicate(aggregate.filter, UnitScope::Place::kCondition) &&
                      scope_.CheckIsolation(aggregate.filter);
    if (!fine) return nullptr;
    block->where.push_back(aggregate.filter);
  }
  auto values = std::make_shared<Release>();
  values->block = block;
  values->keys = release.keys;
  values->keys.push_back(value);
  values->counted = true;
  auto groups = std::make_shared<Relation>();
  groups->kind = Relation::Kind::kRelease;
  groups->range = aggregate.range;
  for (const ExprPtr& key : values->keys)
    groups->columns.push_back({"k" + std::to_string(groups->columns.size() + 1), key->type});
  groups->release = values;
  built_[values.get()] = values;

  auto counts = std::make_shared<Relation>();
  counts->range = aggregate.range;
  counts->grouped = true;
  counts->from.kind = From::Kind::kSource;
  counts->from.source = {bound_.NewSourceId(), groups, "", false, aggregate.range};
  From joined;
  joined.kind = From::Kind::kJoin;
  joined.range = aggregate.range;
  const int source = bound_.NewSourceId();
  std::vector<ExprPtr> tests;
  for (std::size_t i = 0; i < release.keys.size(); ++i) {
    const Type& type = release.keys[i]->type;
    counts->keys.push_back(MakeColumn(counts->from.source.id, static_cast<int>(i), type, aggregate.range));
    counts->items.push_back(counts->keys.back());
    counts->columns.push_back(groups->columns[i]);
    const ExprPtr outer = MakeColumn(FirstSource(from), static_cast<int>(i), type, aggregate.range);
    const ExprPtr inner = MakeColumn(source, static_cast<int>(i), type, aggregate.range);
    tests.push_back(MakeCall("not_distinct", {outer, inner}, kBooleanType, aggregate.range));
  }
  auto count = std::make_shared<Expr>();
  count->kind = ExprKind::kAggregate;
  count->function = "count_star";
  count->type = kBigintType;
  count->range = aggregate.range;
  counts->items.push_back(count);
  counts->columns.push_back({"n", kBigintType});

  From right;
  right.kind = From::Kind::kSource;
  right.range = aggregate.range;
  right.source = {source, counts, "", false, aggregate.range};
  joined.join = tests.empty() ? JoinKind::kInner : JoinKind::kLeft;
  if (!tests.empty()) joined.condition = tests.size() == 1 ? tests[0] : MakeCall("and", tests, kBooleanType);
  joined.left = std::make_shared<From>(from);
  joined.right = std::make_shared<From>(std::move(right));
  from = std::move(joined);
  const ExprPtr shown = MakeColumn(source, static_cast<int>(release.keys.size()), kBigintType, aggregate.range);
  return MakeCall("coalesce", {shown, MakeLiteral(Literal::Bigint(0), aggregate.range)}, kBigintType, aggregate.range);
}

}  // namespace cloister::sql
