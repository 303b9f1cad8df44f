#pragma once

// The work of BoundQuery::Bind, spread over bind_*.cc.

#include <map>
#include <string>
#include <vector>

#include "sql/bind/bound_query.h"

namespace cloister::sql {

// A column that an expression may name.
struct VisibleColumn {
  std::string table;  // alias of its source, lower case
  std::string name;   // as its owner spells it
  int source = -1;
  int column = -1;
  Type type;
  bool merged = false;  // the right side of a USING: reachable by table.column only
};

// CTEs in sight, innermost last.
struct CteScope {
  const ParsedCte* cte = nullptr;
};

struct Scope {
  std::vector<VisibleColumn> columns;
  std::vector<std::string> tables;  // aliases, lower case
  const Scope* outer = nullptr;     // of the query around a subquery
  // Select aliases in sight, for WHERE, GROUP BY, HAVING, QUALIFY and later items.
  std::vector<std::pair<std::string, ExprPtr>> aliases;
};

using CteChain = std::vector<CteScope>;

class Binder {
 public:
  Binder(const CompileRequest& request, Findings& findings) : request_(request), findings_(findings) {}

  RelationPtr BindSelect(const ParsedSelect& select, const CteChain& ctes, const Scope* outer);
  int next_source() const { return next_source_; }

 private:
  // bind_select.cc
  RelationPtr BindSetOperation(const ParsedSelect& select, const CteChain& ctes, const Scope* outer);
  RelationPtr BindPlainSelect(const ParsedSelect& select, const CteChain& ctes, const Scope* outer);
  void BindItems(const ParsedSelect& select, const CteChain& ctes, Scope& scope, Relation& relation);
  void BindGroups(const ParsedSelect& select, const CteChain& ctes, Scope& scope, Relation& relation);
  void BindOrder(const ParsedSelect& select, const CteChain& ctes, Scope& scope, Relation& relation);
  void BindOutputOrder(const ParsedSelect& select, Relation& relation);
  void ExpandStar(const Expr& star, const Scope& scope, Relation& relation);
  void CheckPlaces(const Relation& relation);
  void CheckGrouping(const Relation& relation);
  std::optional<std::size_t> Ordinal(const ExprPtr& expr, std::size_t count);
  std::string ItemName(const Expr& item) const;

  // bind_from.cc
  From BindFrom(const ParsedFrom& parsed, const CteChain& ctes, const Scope* outer, Scope& scope);
  From BindTable(const ParsedFrom& parsed, const CteChain& ctes, Scope& scope);
  From BindJoin(const ParsedFrom& parsed, const CteChain& ctes, const Scope* outer, Scope& scope);
  From AddSource(RelationPtr relation, const ParsedFrom& parsed, const std::vector<std::string>& column_aliases,
                 Scope& scope);
  RelationPtr FindCte(const ParsedFrom& parsed, const CteChain& ctes, const ParsedCte*& found);
  const CompileDataset* FindDataset(std::string_view name) const;
  ExprPtr UsingCondition(const ParsedFrom& parsed, const Scope& left, Scope& right);

  // bind_expression.cc; null after a finding
  ExprPtr BindExpr(const ExprPtr& expr, const CteChain& ctes, const Scope& scope);
  ExprPtr BindColumn(const Expr& expr, const Scope& scope);
  ExprPtr BindSubquery(const Expr& expr, const CteChain& ctes, const Scope& scope);
  ExprPtr Typed(std::shared_ptr<Expr> expr);
  bool CoerceComparison(Expr& expr);
  bool CheckArguments(const Expr& expr);
  bool Count(TextRange range);
  bool CountTree(const ExprPtr& expr);

  const CompileRequest& request_;
  Findings& findings_;
  int next_source_ = 1;
  std::size_t nodes_ = 0;
  int depth_ = 0;
};

// The value of a call whose arguments are all constants, when we can say it exactly; null otherwise. bind_fold.cc
ExprPtr FoldConstants(const ExprPtr& call);

}  // namespace cloister::sql
