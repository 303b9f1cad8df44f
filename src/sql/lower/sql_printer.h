#pragma once

// Prints the protected tree as DuckDB SQL. Every identifier is quoted, every source has a name of ours, every literal
// comes from a typed value; what can fail on a row (a cast, a division) is printed so that it gives NULL instead.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sql/passes/private_query.h"
#include "sql/plan_stage.h"

namespace cloister::sql {

std::string QuoteIdentifier(std::string_view name);

// The mark of a row that counts as it is.
inline constexpr std::string_view kMarkOfOne = "CAST(1 AS UINTEGER)";

class SqlPrinter {
 public:
  explicit SqlPrinter(const PrivateQuery& query) : query_(query) {}
  // Releases that stages make: they are read from these tables.
  SqlPrinter(const PrivateQuery& query, const std::map<const Release*, std::string>& tables)
      : query_(query), tables_(tables) {}

  // The whole query: its columns cast to their types and named as the analyst named them, rows in a fixed order.
  std::string Print();
  // The rows of a release of level k_anonymized: `items` over source 0, the last one the unit. anonymous_stage.cc
  std::string AnonymousSql(const AnonymousProjection& projection, const std::vector<std::string>& items);
  // Its columns; after Print().
  const std::vector<OutputColumn>& output() const { return output_; }
  // ExecutablePlan::intervals().
  const std::vector<int>& output_intervals() const { return output_intervals_; }

  // The stage that makes one grouping set (ascending indices into the release's keys) of a noisy release, without its
  // share of epsilon and without its table's name. Sources are numbered from 0, so that equal stages print alike. A
  // printer prints one stage.
  PlanStage NoisyStage(const Release& release, const std::vector<int>& set);
  // The stage of a release under the guard against differencing, without its table's name. A printer prints one stage.
  // guarded_stage.cc
  PlanStage GuardedStage(const Relation& relation);

 private:
  bool released() const { return query_.level() != agreement::Level::kFullAccess; }

  // Whom a count or a set of units is over, as printed.
  struct UnitRows {
    std::string key;     // of the unit
    std::string filter;  // of the rows; may be empty
    bool operator==(const UnitRows&) const = default;
  };
  // A handle of units that a guarded stage gives beside its columns.
  struct UnitHandle {
    std::string sql;
    UnitRows units;
  };

  // Counts of units that thresholds read, each computed once: SQL of the count -> its name.
  struct Counts {
    bool subtracts = false;  // some test subtracts counts, so all are whole
    struct Count {
      std::string sql;
      std::string name;
      UnitRows units;
    };
    std::vector<Count> items;
    std::string Name(Count count);  // its own `name` is not read
  };

  // print_expr.cc
  std::string Expression(const ExprPtr& expr);
  std::string Call(const Expr& expr);
  std::string Arithmetic(const Expr& expr);
  std::string Division(const Expr& expr);
  std::string Case(const Expr& expr);
  std::string Aggregate(const Expr& expr);
  std::string Window(const Expr& expr);
  std::string Subquery(const Expr& expr);
  std::string List(const std::vector<ExprPtr>& exprs);
  std::string Orders(const std::vector<OrderItem>& items);
  std::string Column(const Expr& column);
  // The expression, NULL where it would raise; expressions that hold an aggregate, a window or a query stay bare.
  std::string Total(const ExprPtr& expr);
  // The same of a filter or a join's condition: true of the same rows.
  std::string Condition(const ExprPtr& expr);
  // The expression with its whole numbers as wide as they come, for where TRY() cannot stand.
  std::string Wide(const ExprPtr& expr);
  std::string Argument(const ExprPtr& arg);
  std::string Arguments(const Expr& expr);

  // print_relation.cc
  std::string RelationSql(const Relation& relation, bool top);
  std::string SelectSql(const Relation& select, bool top, const std::set<int>& intervals);
  // print_intervals.cc
  std::string SourceRelationSql(const Relation& relation, int source);
  std::string ReleasedSql(const Release& release, bool intervals);
  bool AskInterval(const Relation& relation, int column);
  std::set<int> AskIntervals(const Relation& top);
  std::string IntervalItems(const Relation& select, bool top, const std::set<int>& columns);
  std::string SetOperationSql(const Relation& relation, bool top);
  std::string FromSql(const From& from);
  std::string SourceSql(const Source& source);
  std::string GroupBy(const Relation& select);
  std::string OrderAndLimit(const Relation& relation);
  std::string Key(const ExprPtr& key);

  // shared_tables.cc: sources whose tables read alike -> the number of the one table
  std::map<int, int> FindSharedTables() const;
  std::string SurveyedSql(const Source& source);
  std::string DerivedSql(const Source& source);

  // print_release.cc
  std::string ReleaseSql(const Release& release);
  std::string BlockFrom(const UnitBlock& block);
  std::string BlockWhere(const UnitBlock& block, const std::vector<std::string>& more);
  std::string TableSql(const UnitTable& table);
  std::string BlockSelect(const UnitTable& table, const UnitBlock& block, const std::vector<std::string>& items);
  std::string PerUnitSql(const UnitTable& table);
  std::string UnionSql(const UnitTable& table);
  std::string FinestCells(const FinestGroups& finest, const Protection& protection);
  std::string JoinFinest(const Release& release, const Protection& protection, std::vector<std::string>& tests);
  // row_marks.cc: by measure the SQL of numbers that are added up of each row
  using Marks = std::map<std::string, std::set<std::string>>;
  std::string MarkSql(const ExprPtr& column);
  void CollectMarks(const ExprPtr& expr, const UnitBlock& block, Marks& out);
  Marks MarksOf(const UnitAggregate& aggregate, const UnitBlock& block);
  std::string CarriedMarks(const UnitTable& table, const UnitBlock& block);
  // guarded_stage.cc
  static bool HasNumberKey(const ExprPtr& unit);
  static std::string RowFilter(const std::string& condition);
  std::string UnitKey(const ExprPtr& unit);
  UnitHandle UnitsOf(const UnitCounter& counter, const ExprPtr& condition, const std::string& marks);
  int AddHandle(const Release& release, UnitHandle handle);
  void AddGuardedCell(const Release& release, const ExprPtr& condition, const Marks& marks, GuardedRelease::Cell cell);
  static void CountRows(std::set<std::string>& measures, Marks& marks);
  void CountByKeys(const Release& release, std::set<std::string>& measures, Marks& marks);
  void CollectGuardedCells(const Release& release);
  std::vector<std::pair<std::string, std::string>> GuardColumns(const Release& release,
                                                                const std::vector<std::string>& keys);
  std::string SizesOfSets(const Release& release, Counts& counts);
  // print_noisy.cc
  struct NoisyDraft;
  std::string FixedPoint(const UnitAggregate& aggregate);
  void AddNoisyKeys(const Release& release, const std::vector<int>& set, NoisyDraft& draft);
  static void AddGroupings(const Release& release, const std::vector<int>& set, NoisyDraft& draft);
  void AddNoisyAggregate(const UnitAggregate& aggregate, NoisyDraft& draft);
  void AddNoisyCount(const UnitAggregate& aggregate, NoisyDraft& draft);
  void AddNoisySum(const UnitAggregate& aggregate, NoisyDraft& draft);
  void AddNoisyMoments(const UnitAggregate& aggregate, NoisyDraft& draft);
  void AddNoisyQuantile(const UnitAggregate& aggregate, NoisyDraft& draft);
  // print_aggregate.cc
  std::string UnitAggregateSql(const UnitAggregate& aggregate, const UnitBlock& block);
  std::string ExactSum(const ExprPtr& arg, const UnitAggregate& aggregate, const UnitBlock& block, bool average);

  std::string Units(const ExprPtr& unit, const std::string& condition, Counts& counts);
  std::string UnitsUpTo(const ExprPtr& unit, std::int64_t k, const std::string& condition, Counts& counts);
  std::string RowTest(const RowThreshold& row, Counts& counts);
  std::string RowTests(const Protection& protection, Counts& counts);
  std::string ConditionTest(const CellThreshold& cell, Counts& counts);
  std::string CellTest(const CellGuard& guard, Counts& counts);
  std::string OutsideTest(const UnitOutside& outside, Counts& counts);

  std::string Alias(int source);
  // " AS ..." of a source that stands in a FROM from here on; Alias() and Column() know it then.
  std::string NewAlias(int source, std::vector<std::string> columns);

  const PrivateQuery& query_;
  std::map<const Release*, std::string> tables_;
  bool wide_ = false;  // an expression is printed by Wide()
  std::optional<std::map<int, int>> numbers_;      // of sources, where they are numbered from 0
  bool looks_outside_ = false;                     // a source was named that has no number
  std::optional<std::map<std::string, std::vector<int>>> survey_;  // of derived tables: SQL -> sources that read it
  std::map<int, int> shared_;                                      // FindSharedTables()
  std::map<int, int> printed_;                                     // of these -> its place in the clause
  std::string with_;                                               // their clause
  std::map<int, std::vector<std::string>> names_;  // by source: how its columns are printed
  std::vector<OutputColumn> output_;
  std::map<int, std::set<int>> intervals_;  // of which columns of a source the interval is asked for
  std::vector<int> output_intervals_;       // of which output columns
  const Release* guards_ = nullptr;  // whose guarded stage is printed
  GuardedRelease guarded_;           // of it
  std::vector<UnitHandle> units_;    // of it
};

}  // namespace cloister::sql
