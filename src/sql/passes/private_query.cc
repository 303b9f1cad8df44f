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

// What one value of an aggregate is made of: the rows where all of these hold. Where nothing but a NULL is left out,
// the number of units with a NULL says enough.
struct Selected {
  std::vector<ExprPtr> tests;
  bool conditional = false;

  ExprPtr Test() const { return tests.size() == 1 ? tests[0] : MakeCall("and", tests, kBooleanType); }
  bool Has(const ExprPtr& test) const {
    return std::any_of(tests.begin(), tests.end(), [&](const ExprPtr& known) { return SameExpr(known, test); });
  }
  // Every row of this is a row of `other`.
  bool IsWithin(const Selected& other) const {
    return std::all_of(other.tests.begin(), other.tests.end(), [&](const ExprPtr& test) { return Has(test); });
  }
};

std::vector<Selected> SelectionsOf(const UnitAggregate& aggregate, const UnitBlock& block) {
  std::vector<ExprPtr> filled;
  for (const ExprPtr& skipped : aggregate.skipped) {
    // A unit column is never NULL here: such rows are left out.
    const bool unit = std::any_of(block.counters.begin(), block.counters.end(), [&](const UnitCounter& counter) {
      return !counter.optional && SameExpr(counter.unit, skipped->args[0]);
    });
    if (!unit) filled.push_back(MakeCall("not", {skipped}, kBooleanType));
  }
  if (aggregate.conditions.empty()) return filled.empty() ? std::vector<Selected>() : std::vector<Selected>{{filled}};
  std::vector<Selected> out;
  for (const ExprPtr& condition : aggregate.conditions) {
    Selected selected{{condition}, true};
    selected.tests.insert(selected.tests.end(), filled.begin(), filled.end());
    out.push_back(std::move(selected));
  }
  return out;
}

// LAG and its like leave one row of each person empty: nobody has no such row, so it is the others that are counted.
bool IsOfWindow(const ExprPtr& test, const UnitBlock& block) {
  return std::any_of(block.tables.begin(), block.tables.end(), [&](const UnitTablePtr& table) {
    return table->kind == UnitTable::Kind::kWindow && AnyNode(test, [&](const Expr& node) {
             if (node.kind != ExprKind::kColumn || node.source != table->source) return false;
             return table->blocks[0]->items[static_cast<std::size_t>(node.column)]->kind == ExprKind::kWindow;
           });
  });
}

CellGuard GuardOf(const UnitAggregate& aggregate, const UnitBlock& block, const std::vector<RowThreshold>& rows) {
  CellGuard guard;
  for (const RowThreshold& row : rows) {
    if (IsTrivial(row)) continue;
    for (const Selected& selected : SelectionsOf(aggregate, block)) {
      if (selected.conditional) {
        guard.conditions.push_back({row.unit, selected.Test(), row.k, false, row.optional, false});
        continue;
      }
      for (const ExprPtr& filled : selected.tests) {
        if (IsOfWindow(filled, block))
          guard.conditions.push_back({row.unit, filled, row.k, false, row.optional, false});
        else
          guard.conditions.push_back({row.unit, filled->args[0], row.k, true, row.optional, false});
      }
    }
    for (const ExprPtr& left_out : aggregate.differences)
      guard.conditions.push_back({row.unit, left_out, row.k, false, row.optional, true});
    if (aggregate.threshold_factor > 1) {
      const double k = std::ceil(static_cast<double>(row.k) * aggregate.threshold_factor - 1e-9);
      guard.raised.push_back({row.unit, static_cast<std::int64_t>(k), row.optional});
    }
  }
  return guard;
}

void GuardBetween(const Selected& in, const Selected& out, const std::vector<RowThreshold>& rows, CellGuard& guard) {
  if (in.IsWithin(out)) return;
  const ExprPtr rest = MakeCall("not", {out.Test()}, kBooleanType);
  for (const RowThreshold& row : rows) {
    if (IsTrivial(row)) continue;
    guard.conditions.push_back(
        {row.unit, MakeCall("and", {in.Test(), rest}, kBooleanType), row.k, false, row.optional, true});
  }
}

// Two selections of one release can be subtracted from each other as well: what one has and the other has not is no
// one or enough. Of a conditional and an unconditional one the conditional is held back.
void GuardDifferences(const Release& release, Protection& protection) {
  std::vector<std::vector<Selected>> all;
  for (const UnitAggregate& aggregate : release.aggregates) all.push_back(SelectionsOf(aggregate, *release.block));
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<Selected> seen;
    for (const Selected& own : all[i]) {
      for (const std::vector<Selected>& others : all) {
        for (const Selected& other : others) {
          if (!own.conditional && other.conditional) continue;
          const bool known = std::any_of(seen.begin(), seen.end(), [&](const Selected& selected) {
            return selected.IsWithin(other) && other.IsWithin(selected);
          });
          if (known && all[i].size() == 1) continue;
          seen.push_back(other);
          GuardBetween(own, other, protection.rows, protection.cells[i]);
          GuardBetween(other, own, protection.rows, protection.cells[i]);
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
  query.loss_ = permitted.loss();
  ForEachRelation(query.root_, [&](const Relation& relation) {
    if (relation.kind != Relation::Kind::kRelease || relation.release->limits) return;
    Protection protection;
    protection.rows = RowThresholds(*relation.release->block);
    for (const UnitAggregate& aggregate : relation.release->aggregates) {
      protection.cells.push_back(GuardOf(aggregate, *relation.release->block, protection.rows));
    }
    GuardDifferences(*relation.release, protection);
    query.protections_[relation.release.get()] = std::move(protection);
    if (const FinestGroups* finest = relation.release->finest.get()) query.finest_[finest] = ProtectFinest(*finest);
  });
  return query;
}

}  // namespace cloister::sql
