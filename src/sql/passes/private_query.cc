#include "sql/passes/private_query.h"

#include <algorithm>
#include <cmath>

namespace cloister::sql {
namespace {

// Rule R07: every reference counts its own units. One column may stand for several datasets (keys in common): the
// largest k of them holds.
std::vector<RowThreshold> RowThresholds(const UnitBlock& block) {
  std::vector<RowThreshold> rows;
  for (const UnitCounter& counter : block.counters) {
    const auto known = std::find_if(rows.begin(), rows.end(),
                                    [&](const RowThreshold& row) { return SameExpr(row.unit, counter.unit); });
    // An own dataset with k = 1 still needs one unit.
    const std::int64_t k = std::max<std::int64_t>(counter.k, 1);
    if (known == rows.end()) {
      rows.push_back({counter.unit, k, counter.optional});
    } else {
      known->k = std::max(known->k, k);
      known->optional = known->optional && counter.optional;
    }
  }
  return rows;
}

bool IsTrivial(const RowThreshold& row) { return row.k <= 1; }

CellGuard GuardOf(const UnitAggregate& aggregate, const std::vector<RowThreshold>& rows) {
  CellGuard guard;
  for (const RowThreshold& row : rows) {
    if (IsTrivial(row)) continue;
    for (const ExprPtr& condition : aggregate.conditions)
      guard.conditions.push_back({row.unit, condition, row.k, false, row.optional, false});
    for (const ExprPtr& left_out : aggregate.differences)
      guard.conditions.push_back({row.unit, left_out, row.k, false, row.optional, true});
    for (const ExprPtr& skipped : aggregate.skipped) {
      const bool known = std::any_of(guard.conditions.begin(), guard.conditions.end(), [&](const CellThreshold& cell) {
        return cell.skips && SameExpr(cell.unit, row.unit) && SameExpr(cell.condition, skipped);
      });
      // A unit column is never NULL here: such rows are left out.
      if (!known && !SameExpr(skipped->args[0], row.unit))
        guard.conditions.push_back({row.unit, skipped, row.k, true, row.optional, false});
    }
    if (aggregate.threshold_factor > 1) {
      const double k = std::ceil(static_cast<double>(row.k) * aggregate.threshold_factor - 1e-9);
      guard.raised.push_back({row.unit, static_cast<std::int64_t>(k), row.optional});
    }
  }
  return guard;
}

// Two conditions of one release can be subtracted from each other as well: what one selects and the other does not is
// no one or enough.
void GuardDifferences(const std::vector<UnitAggregate>& aggregates, Protection& protection) {
  std::vector<ExprPtr> conditions;
  for (const UnitAggregate& aggregate : aggregates) {
    for (const ExprPtr& condition : aggregate.conditions) {
      const bool known =
          std::any_of(conditions.begin(), conditions.end(), [&](const ExprPtr& c) { return SameExpr(c, condition); });
      if (!known) conditions.push_back(condition);
    }
  }
  for (std::size_t i = 0; i < aggregates.size(); ++i) {
    for (const ExprPtr& own : aggregates[i].conditions) {
      for (const ExprPtr& other : conditions) {
        if (SameExpr(own, other)) continue;
        for (const RowThreshold& row : protection.rows) {
          if (IsTrivial(row)) continue;
          for (const auto& [in, out] : {std::pair{own, other}, std::pair{other, own}}) {
            const ExprPtr rest = MakeCall("not", {out}, kBooleanType);
            protection.cells[i].conditions.push_back(
                {row.unit, MakeCall("and", {in, rest}, kBooleanType), row.k, false, row.optional, true});
          }
        }
      }
    }
  }
}

// A total is made of groups in which nothing that the query selects, leaves out, or could get by subtracting two of
// its selections is about a few persons.
Protection ProtectFinest(const FinestGroups& groups) {
  Protection protection;
  protection.rows = RowThresholds(*groups.block);
  CellGuard guard;
  for (const RowThreshold& row : protection.rows) {
    if (IsTrivial(row)) continue;
    for (const ExprPtr& one : groups.conditions) {
      guard.conditions.push_back({row.unit, one, row.k, false, row.optional, false, true});
      for (const ExprPtr& other : groups.conditions) {
        if (one == other) continue;
        const ExprPtr rest = MakeCall("not", {other}, kBooleanType);
        guard.conditions.push_back(
            {row.unit, MakeCall("and", {one, rest}, kBooleanType), row.k, false, row.optional, true, true});
      }
    }
  }
  protection.cells.push_back(std::move(guard));
  return protection;
}

}  // namespace

PrivateQuery PrivateQuery::Protect(const PermittedQuery& permitted) {
  PrivateQuery query;
  query.root_ = permitted.root();
  query.level_ = permitted.level();
  query.datasets_ = permitted.datasets();
  query.anonymous_ = permitted.anonymous();
  ForEachRelation(query.root_, [&](const Relation& relation) {
    if (relation.kind != Relation::Kind::kRelease) return;
    Protection protection;
    protection.rows = RowThresholds(*relation.release->block);
    for (const UnitAggregate& aggregate : relation.release->aggregates) {
      protection.cells.push_back(GuardOf(aggregate, protection.rows));
    }
    GuardDifferences(relation.release->aggregates, protection);
    query.protections_[relation.release.get()] = std::move(protection);
    if (const FinestGroups* finest = relation.release->finest.get()) query.finest_[finest] = ProtectFinest(*finest);
  });
  return query;
}

}  // namespace cloister::sql
