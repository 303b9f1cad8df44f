#pragma once

// The work of PermittedQuery::Permit at aggregate_only: finds the blocks over protected rows, flattens each, checks it,
// and puts a Release in its place. Spread over permit_*.cc.

#include "sql/passes/anonymous.h"
#include "sql/passes/unit_scope.h"

namespace cloister::sql {

// Rule R23 for one block over persons' rows: a join of many tables of one person costs what that person's rows are.
inline constexpr std::size_t kReferencesMax = 6;
inline constexpr int kSameDatasetMax = 2;
inline constexpr std::size_t kConditionsMax = 12;  // each pair of them is compared
inline constexpr std::size_t kInlinedNodesMax = 20'000;

// `function` of a kSubquery made by permit_constants.cc: one released value; the same on its owner's grid.
inline constexpr std::string_view kReleasedValue = "released";
inline constexpr std::string_view kReleasedConstant = "constant";

class Permitter {
 public:
  Permitter(BoundQuery& bound, const CompileRequest& request, Findings& findings)
      : bound_(bound), request_(request), findings_(findings), scope_(request, findings) {}

  // The relation over released values only; null after a finding.
  RelationPtr ReleaseRelation(const RelationPtr& relation);
  // Level k_anonymized (R26); nothing after a finding. permit_anonymous.cc
  std::optional<AnonymousProjection> PermitAnonymous(const Relation& select);
  // Rules R17 and R24 inside one query: several releases of one dataset. permit_several.cc
  void CheckSeveral(const RelationPtr& root);

 private:
  // permit_several.cc; false: they could be subtracted from each other in a way that nothing here guards
  struct Seen;
  bool GuardFamily(const std::vector<const Seen*>& family);
  std::optional<std::vector<ExprPtr>> Extras(const Seen& one, const std::set<std::string>& common);
  bool GuardOutside(const Seen& one, const Seen& other);
  bool RowsFollowPersons(const Seen& one, const Seen& other, const std::set<std::string>& common);

  // permit_constants.cc
  bool ReleasesOneValue(const RelationPtr& relation) const;
  bool InlineReleasedRow(const Source& source);
  UnitTablePtr ReleasedList(const ExprPtr& test, const Source& source, bool negated);
  ExprPtr ReleaseConstant(const ExprPtr& side, const Expr& subject);
  ExprPtr ReleaseConstants(const ExprPtr& expr);

  // permit_window.cc
  UnitTablePtr WindowTable(const Relation& select, int source);
  ExprPtr CheckUnitWindow(const Expr& window, const UnitBlock& block);
  UnitColumn DescribeWindow(const Expr& window, const std::string& name, const UnitBlock& block);
  int WindowItem(const ExprPtr& item, const std::string& name, UnitBlock& block, UnitTable& table);
  ExprPtr OverWindows(const ExprPtr& expr, UnitBlock& block, UnitTable& table);
  bool AddQualify(const ExprPtr& qualify, UnitBlock& block, UnitTable& table);

  // permit_values.cc
  bool CountsValues(const ExprPtr& aggregate) const;
  ExprPtr AddValueCount(const Expr& aggregate, const Release& release, From& from);

  // permit_release.cc
  RelationPtr ReleaseSelect(const Relation& select);
  RelationPtr BuildRelease(const Relation& written);
  Relation WithReleasedRows(const Relation& select) const;
  void ReleaseKeys(const Relation& select, Release& release, Relation& relation);
  std::vector<ExprPtr> ReleaseAggregates(const std::vector<ExprPtr>& aggregates, Release& release, Relation& relation,
                                         From& from);
  ExprPtr ReleaseExpr(const ExprPtr& expr);
  std::shared_ptr<const From> ReleaseFrom(const From& from);
  void RefuseRows(const Relation& relation);

  // permit_anonymous.cc
  bool CheckAnonymousShape(const Relation& select);
  bool CheckAnonymousColumn(const ExprPtr& item, const UnitTable& table);
  void CheckAnonymousTest(const ExprPtr& test, const UnitTable& table);
  void PinAnonymous(const Relation& select, AnonymousProjection& out);
  // permit_noisy.cc: level differential_privacy; nothing after a finding
  std::optional<UnitLimits> LimitsOf(const UnitBlock& block, const std::vector<ExprPtr>& keys, const Relation& at);
  ExprPtr UnitOf(const UnitBlock& block, const Relation& at);
  bool IsOfUnit(const UnitBlock& block, const ExprPtr& key) const;

  // permit_flatten.cc: unit-level blocks; null after a finding
  std::shared_ptr<UnitBlock> FlattenSelect(const Relation& select);
  std::shared_ptr<UnitBlock> FlattenRows(const Relation& select);
  bool CheckItem(const ExprPtr& inlined, TextRange range);
  bool FlattenFrom(const From& from, UnitBlock& block, std::vector<ExprPtr>& conjuncts);
  bool FlattenSource(const Source& source, UnitBlock& block, std::vector<ExprPtr>& conjuncts);
  bool FlattenOuterJoin(const From& join, UnitBlock& block, std::vector<ExprPtr>& conjuncts);
  bool FlattenSemiJoin(const From& join, UnitBlock& block, std::vector<ExprPtr>& conjuncts);
  UnitTablePtr LeafTable(const Source& source);
  UnitTablePtr PerUnitTable(const Relation& select, int source);
  bool AddPerUnitAggregate(const ExprPtr& item, const std::string& name, UnitBlock& block, UnitTable& table);
  void AddChosenRows(const UnitAggregate& of, UnitColumn column, UnitBlock& block, UnitTable& table);
  bool AddPerUnitItems(const Relation& select, UnitBlock& block, UnitTable& table);
  ExprPtr OverPerUnit(const ExprPtr& expr, UnitBlock& block, UnitTable& table);
  bool AddPerUnitFilter(const ExprPtr& having, UnitBlock& block, UnitTable& table);
  UnitTablePtr UnionTable(const Relation& relation, int source);
  UnitTablePtr KeysTable(const Relation& relation, int source);
  void CollectBranches(const RelationPtr& relation, std::vector<RelationPtr>& branches);
  ExprPtr Inline(const ExprPtr& expr);

  // permit_join.cc
  bool CheckBlock(UnitBlock& block, const std::vector<ExprPtr>& conjuncts, const Relation& at);
  bool CheckSemiJoin(const ExprPtr& test, UnitBlock& block, bool negated);
  bool CheckCorrelated(const Relation& subquery, const ExprPtr& test, UnitBlock& block, bool negated);
  bool AddSemiJoin(UnitSemiJoin join, const ExprPtr& at, UnitBlock& block);
  bool CheckPublicList(const ExprPtr& outer, const ExprPtr& inner, const ExprPtr& at);
  bool CheckLimits(const UnitBlock& block, const Relation& at);
  void TakeOwnRowsOnce(UnitBlock& block);
  // An equality that joins: of keys of one domain, or of a public column. Nothing when it is neither.
  bool IsKeyEquality(const ExprPtr& expr);
  bool IsPublicEquality(const ExprPtr& expr);
  bool CheckKeyDomains(const ExprPtr& expr);
  bool CheckDomains(const UnitColumn& a, const UnitColumn& b, TextRange range);

  bool IsProtected(const Relation& relation) const;
  bool IsProtected(const From& from) const;
  bool GroupsByUnit(const Relation& select) const;
  bool IsUnitKey(const ExprPtr& expr, const From& from) const;

  BoundQuery& bound_;
  const CompileRequest& request_;
  Findings& findings_;
  UnitScope scope_;
  std::map<int, std::vector<ExprPtr>> inlined_;  // by source: what its columns stand for
  std::size_t inlined_nodes_ = 0;
  std::vector<RelationPtr> constants_;  // of the block that is being built
  std::map<const Release*, std::shared_ptr<Release>> built_;  // CheckSeveral adds to their aggregates
};

// The id of the leftmost source.
int FirstSource(const From& from);
// The block's equalities make both columns one.
bool AreJoined(const UnitBlock& block, const ExprPtr& a, const ExprPtr& b);

}  // namespace cloister::sql
