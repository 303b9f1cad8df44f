#pragma once

// What unit-level expressions may be (rules R04, R08, R09, R10, R20). Each check takes an expression over the leaves of
// a block and gives it back, or adds the findings and gives null.

#include <map>
#include <set>

#include "sql/findings.h"
#include "sql/passes/release.h"

namespace cloister::sql {

// Columns of datasets, by their number.
using ColumnOrigins = std::set<std::pair<const CompileDataset*, int>>;

class UnitScope {
 public:
  UnitScope(const CompileRequest& request, Findings& findings) : request_(request), findings_(findings) {}

  void AddTable(UnitTablePtr table) { tables_[table->source] = std::move(table); }
  const UnitTablePtr& Table(int source) const { return tables_.at(source); }
  bool Has(int source) const { return tables_.contains(source); }
  const UnitColumn& Column(const Expr& column) const { return tables_.at(column.source)->columns[column.column]; }

  // Where a condition stands: a row filter, or inside an aggregate or a group key, where what it leaves out matters.
  enum class Place { kFilter, kCondition, kKey };
  // Rule R09. unit_predicate.cc
  bool CheckPredicate(const ExprPtr& expr, Place place);
  // Rule R08: a condition must not be made to pick out a person: at most two quasi-identifiers, each at a level its
  // owner generalises to. unit_isolation.cc
  bool CheckIsolation(const ExprPtr& condition);
  // Rules R08, R20: what is added up is not also chosen value by value. chosen_values.cc
  bool CheckChosenValues(const Release& release);
  // Rule R10. unit_key.cc
  bool CheckKey(const ExprPtr& expr);
  // Rule R10, also for the one column a filter tests: left(zip,3), date_trunc('month', d), floor(age / 10).
  bool IsGeneralisation(const ExprPtr& expr);
  // Rule R20. unit_measure.cc
  bool CheckMeasure(const ExprPtr& expr);
  // Rules R06, R08, R20, R28, R29. unit_aggregate.cc
  std::optional<UnitAggregate> CheckAggregate(const Expr& aggregate, const UnitBlock& block);
  // The same for a block that groups by the unit: one person's own rows.
  std::optional<UnitAggregate> CheckPerUnitAggregate(const Expr& aggregate);
  // Level differential_privacy, where noise protects what thresholds cannot: any row expression that is a function of
  // its row alone and cannot fail. noisy_value.cc
  bool is_noisy() const { return request_.level == "differential_privacy"; }
  bool CheckRowExpression(const ExprPtr& expr);
  // What the value of every row lies in; nothing after a finding. Finite only where all columns are bounded or clamped
  // by constants.
  std::optional<agreement::Bounds> BoundsOf(const ExprPtr& expr);
  // Adds the finding that names the owner of a column without bounds.
  bool CheckFinite(const ExprPtr& expr, const agreement::Bounds& bounds);
  // Rules R06, R20, R25, R29 at that level. noisy_aggregate.cc
  std::optional<UnitAggregate> CheckNoisyAggregate(const Expr& aggregate, const UnitLimits& limits);
  std::optional<UnitAggregate> CheckNoisyPerUnitAggregate(const Expr& aggregate);
  // What an enclosing block may do with a column computed by `expr`. unit_column.cc
  UnitColumn DescribeItem(const ExprPtr& expr, const std::string& name);

  // A column in it has UnitColumn::chosen_rows.
  bool HasChosenRows(const ExprPtr& expr) const;

  void Refuse(std::string_view rule, const ExprPtr& at, std::string message,
              std::optional<std::string> fix = std::nullopt);
  // Refuses with the organisation that owns the column as the rule's owner.
  void RefuseColumn(std::string_view rule, const Expr& column, std::string message,
                    std::optional<std::string> fix = std::nullopt);
  // True, with a finding, for a column that may not be used in this way at all: hidden, a key.
  bool IsUntouchable(const Expr& column);

  Findings& findings() { return findings_; }
  const CompileRequest& request() const { return request_; }

 private:
  bool CheckTest(const Expr& test, Place place);
  // The columns whose values an aggregate adds up: not those that the conditions of a CASE test.
  static std::vector<ExprPtr> AddedBy(const UnitAggregate& aggregate);
  bool IsMadeOfBooleans(const Expr& column) const;
  void CollectOrigins(const Expr& column, ColumnOrigins& out) const;
  bool HoldsTheSame(const Expr& a, const Expr& b) const;
  bool CheckChosenValues(const Expr& column, const std::vector<ExprPtr>& tests, const std::vector<ExprPtr>& joins,
                         bool moment);
  bool CheckColumnTest(const Expr& test, const Expr& column, const Literal& constant, Place place);
  bool CheckReleasedTest(const Expr& test, const ExprPtr& subject, Place place);
  bool CheckDateTest(const Expr& test, const Expr& column, const Literal& constant);
  bool CheckGrid(const Expr& test, const Expr& column, const Literal& constant);
  bool CheckBooleanColumn(const ExprPtr& column, Place place);
  bool CheckKeyCall(const ExprPtr& expr);
  bool CheckKeyCondition(const ExprPtr& condition);
  bool CheckDatePart(const ExprPtr& expr, bool quiet);
  bool CheckBin(const ExprPtr& expr, bool quiet);
  bool CheckKeyColumn(const Expr& column, bool quiet);
  bool CheckMeasureColumn(const Expr& column);
  bool CheckMeasureForm(const ExprPtr& expr);
  // How large an affine form can become, and the least that one of its measures can add to it.
  struct Reach {
    double largest = 0;
    double smallest = 0;  // infinity without a measure
  };
  std::optional<Reach> ReachOf(const ExprPtr& expr) const;
  bool CheckRounded(const Expr& call);
  bool CheckCaseValue(const Expr& expr, std::string_view function, UnitAggregate& out);
  bool CheckBranches(const Expr& expr, UnitAggregate& out);
  bool CheckConditionTable(const ExprPtr& condition, const Expr& aggregate, const UnitBlock& block);
  bool CheckPerUnitCondition(const Expr& aggregate, UnitAggregate& out);
  void GuardBooleans(UnitAggregate& aggregate);
  void GuardChosenRows(UnitAggregate& aggregate);
  bool CheckOwnMeasure(const Expr& aggregate, const UnitBlock& block);
  std::optional<UnitAggregate> CheckCount(const Expr& aggregate, UnitAggregate out);
  std::optional<UnitAggregate> CheckQuantile(const Expr& aggregate, UnitAggregate out);
  std::optional<UnitAggregate> CheckDistinct(const Expr& aggregate, UnitAggregate out);
  std::optional<agreement::Bounds> BoundsOfColumn(const Expr& column);
  std::optional<agreement::Bounds> BoundsOfCase(const Expr& expr);
  std::optional<agreement::Bounds> BoundsOfCall(const Expr& call);
  std::optional<agreement::Bounds> BoundsOfClamp(const Expr& call);
  bool CheckConstantInside(const ExprPtr& constant, const agreement::Bounds& bounds);
  bool CheckNoisyCount(const Expr& aggregate, const UnitLimits& limits, UnitAggregate& out);
  bool CheckNoisyQuantile(const Expr& aggregate, UnitAggregate& out);
  bool CheckNoisyValue(const Expr& aggregate, UnitAggregate& out);
  double StepOf(const ExprPtr& expr, const agreement::Bounds& bounds) const;

  const CompileRequest& request_;
  Findings& findings_;
  std::map<int, UnitTablePtr> tables_;
};

// The aggregate of the unit level with nothing that guards it yet.
UnitAggregate AsWritten(const Expr& aggregate);
// Every column in the tree.
void ForEachColumn(const ExprPtr& expr, const std::function<void(const Expr&)>& visit);
// `value` is a whole multiple of `step`, up to the rounding of doubles.
bool IsMultiple(double value, double step);
// The finest step of dates that the owner shows; year when he said nothing.
agreement::DateGranularity GranularityOf(const UnitColumn& column);
// `days` begins a month, quarter or year.
bool IsBoundary(std::int64_t days, agreement::DateGranularity granularity);

}  // namespace cloister::sql
