#pragma once

// What becomes of a block over protected rows: a release, that is groups with their thresholds. Below it lies the unit
// level, where every row belongs to persons; above it only released values.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sql/bind/bound_query.h"

namespace cloister::sql {

struct UnitBlock;

// A column at the unit level, with what its owner allows.
struct UnitColumn {
  std::string name;
  Type type;
  agreement::ColumnPolicy policy;
  const CompileDataset* dataset = nullptr;  // whose rule it is; null for a constant of the analyst's
  bool unit_count = false;                  // how many rows one unit has: a small number about one person
  // Computed of some of one unit's rows: the table's column that counts them. An aggregate of it is about the units
  // for whom that is not 0 (R08).
  std::optional<int> chosen_rows;
};

// Persons that must be counted: for each group, at least k different values of `unit`.
struct UnitCounter {
  ExprPtr unit;
  const CompileDataset* dataset = nullptr;
  std::int64_t k = 0;
  bool optional = false;  // a group may have none of them (outer join, one branch of a union), but never 1..k-1
};

// One leaf of a unit-level FROM.
struct UnitTable {
  enum class Kind {
    kDataset,  // protected rows
    kPublic,   // a public dataset, or a derived table over public ones
    kPerUnit,  // one row a unit: GROUP BY the unit's key
    kUnion,    // UNION ALL of blocks of one owner
    kKeys,     // INTERSECT of keys
    kWindow,   // rows of persons with windows over each one's own rows
  };
  Kind kind = Kind::kDataset;
  int source = -1;
  TextRange range;
  std::vector<UnitColumn> columns;
  std::vector<UnitCounter> counters;  // in columns of this table

  // The analyst's own rows beside others' persons (R28): those whose values in these columns stand once. Rows that he
  // repeats would be weights of his choice, and a count of powers of two names every person it matched.
  std::vector<int> single_by;
  std::vector<ExprPtr> filters;  // on these columns: HAVING of a kPerUnit, QUALIFY of a kWindow

  const CompileDataset* dataset = nullptr;         // kDataset, kPublic
  RelationPtr relation;                            // kPublic, derived
  std::vector<std::shared_ptr<UnitBlock>> blocks;  // kPerUnit, kWindow (one), kUnion, kKeys (two)
};
using UnitTablePtr = std::shared_ptr<const UnitTable>;

struct UnitOuterJoin {
  UnitTablePtr table;
  std::vector<ExprPtr> conditions;
};

// EXISTS (block WHERE inner = outer): a join that adds no rows. `negated`: NOT EXISTS, inside one owner only.
struct UnitSemiJoin {
  std::shared_ptr<UnitBlock> block;
  ExprPtr outer;
  ExprPtr inner;
  bool negated = false;
};

// An aggregate over a block, with the conditions that guard it.
struct UnitAggregate {
  std::string function;
  std::vector<ExprPtr> args;
  bool distinct = false;
  ExprPtr filter;
  Type type;
  TextRange range;
  // Rule R08: each of these selects rows inside the group; the units it selects must be k, those it leaves 0 or k.
  std::vector<ExprPtr> conditions;
  // The aggregate may say how many rows meet them: SUM of a boolean, of any CASE (whose branches may be 1 and 0).
  bool counts_conditions = false;
  // Rows that another release of the query leaves out: 0 or k units, so that the two cannot be subtracted.
  std::vector<ExprPtr> differences;
  // Rows the aggregate skips because an argument is NULL: the units of these must be 0 or k, those of the others k.
  std::vector<ExprPtr> skipped;
  double threshold_factor = 1;     // quantiles need more units: ceil(k * factor)
  std::optional<double> round_to;  // and show no single value
  std::optional<double> step;      // the finest step of a DOUBLE argument, for an exact sum
  // Level differential_privacy: what the argument of any row lies in, by the owners' bounds and the expression.
  std::optional<agreement::Bounds> bounds;
};

// Select, project, join at the unit level, flattened: expressions name leaves of this block only.
struct UnitBlock {
  std::vector<UnitTablePtr> tables;
  std::vector<UnitOuterJoin> outer_joins;
  std::vector<UnitSemiJoin> semi_joins;
  std::vector<ExprPtr> where;
  std::vector<UnitCounter> counters;
  std::vector<ExprPtr> items;  // what an enclosing block sees
  // kPerUnit: grouped by these, `items` are keys and the aggregates after them.
  std::vector<ExprPtr> keys;
  std::vector<UnitAggregate> aggregates;
};

// Rule R17: the smallest groups that a query shows of one set of rows. A total beside them is made of the rows of those
// that may be shown whatever the query selects inside them, so that no subtraction gives a group that is held back.
struct FinestGroups {
  std::shared_ptr<const UnitBlock> block;  // the release's own tables, filtered by what all releases have in common
  std::vector<ExprPtr> keys;
  std::vector<ExprPtr> conditions;  // what any release of the query selects: these, their rests, and what lies between
};

// Rule R24 inside one query: persons of the group who are not in the block of another release are none or enough.
struct UnitOutside {
  ExprPtr unit;
  std::int64_t k = 0;
  std::shared_ptr<const UnitBlock> block;
  ExprPtr inner;
};

// Level differential_privacy: whose contributions are bounded, and by how much.
struct UnitLimits {
  ExprPtr unit;             // one column for all persons' tables of the block
  std::int64_t rows = 1;    // of a unit in one group
  std::int64_t groups = 1;  // of a unit
  // The groups need not be chosen: there is one, or the keys are functions of the unit.
  bool one_group = false;
};

struct Release {
  std::shared_ptr<const UnitBlock> block;
  std::vector<ExprPtr> keys;
  std::vector<std::vector<int>> sets;  // more than one: GROUPING SETS
  std::vector<UnitAggregate> aggregates;
  std::vector<std::vector<ExprPtr>> groupings;  // GROUPING(...) calls, after the aggregates
  std::shared_ptr<const FinestGroups> finest;   // another release of the query has smaller groups of these rows
  std::vector<UnitOutside> outside;
  bool counted = false;  // the query shows only how many groups there are
  std::optional<UnitLimits> limits;             // of level differential_privacy
};

// Whatever the data is. As a scalar, a second row would be an error of the engine, or a choice of it.
bool HasOneRowAtMost(const Relation& relation);

}  // namespace cloister::sql
