#pragma once

// Expressions of a query, from the parser to the printer. Trees are immutable and shared, so that a pass can put a
// derived table's expression in the place of its name without a copy.
//
// A comparison, a connective, an operator: each is a kCall with a name from the whitelist (function.h).

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sql/finding.h"
#include "sql/literal.h"

namespace cloister::sql {

struct Expr;
struct ParsedSelect;
struct Relation;
using ExprPtr = std::shared_ptr<const Expr>;

enum class ExprKind {
  kLiteral,
  kColumn,
  kStar,       // * or t.*; bind puts columns in its place
  kCall,       // scalar function or operator: function(args)
  kAggregate,  // function(args) with distinct, filter, order
  kWindow,     // the same, over partition, order and frame
  kCase,       // args: when, then, when, then, ..., else
  kCast,       // args[0] to `type`
  kSubquery,   // scalar; or a test on args by `function`: "exists", "in"
  kGrouping,   // GROUPING(args)
};

struct OrderItem {
  ExprPtr expr;
  bool descending = false;
  bool nulls_first = false;
  bool operator==(const OrderItem&) const;
};

// A frame boundary in SQL's own words: "UNBOUNDED PRECEDING", "CURRENT ROW", "3 FOLLOWING".
struct Frame {
  std::string mode;  // ROWS, RANGE, GROUPS; empty: SQL's default
  std::string start;
  std::string end;
  bool operator==(const Frame&) const = default;
};

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  TextRange range;
  Type type;
  Literal literal;

  std::vector<std::string> names;  // kColumn, kStar: as written
  int source = -1;                 // kColumn, bound: Source::id
  int column = -1;                 // ... and the index in its relation's columns

  std::string function;  // lower case, from the whitelist
  std::vector<ExprPtr> args;
  bool distinct = false;
  ExprPtr filter;
  std::vector<OrderItem> order;
  std::vector<ExprPtr> partition;
  Frame frame;
  bool ignore_nulls = false;

  std::string alias;                          // in a select list
  std::shared_ptr<const ParsedSelect> query;  // kSubquery, parsed
  std::shared_ptr<const Relation> relation;   // kSubquery, bound
};

inline std::shared_ptr<Expr> CloneExpr(const Expr& expr) { return std::make_shared<Expr>(expr); }
ExprPtr MakeLiteral(Literal literal, TextRange range = {});
ExprPtr MakeCall(std::string function, std::vector<ExprPtr> args, Type type, TextRange range = {});
ExprPtr MakeColumn(int source, int column, Type type, TextRange range = {});
ExprPtr MakeCast(ExprPtr arg, Type type);

inline bool IsLiteral(const ExprPtr& expr) { return expr && expr->kind == ExprKind::kLiteral; }
inline bool IsColumn(const ExprPtr& expr) { return expr && expr->kind == ExprKind::kColumn; }
inline bool IsCall(const ExprPtr& expr, std::string_view name) {
  return expr && expr->kind == ExprKind::kCall && expr->function == name;
}

// Equal in meaning by form: places and aliases do not count. Subqueries are never equal.
bool SameExpr(const ExprPtr& a, const ExprPtr& b);

// Every direct child: arguments, filter, order, partition. Not into subqueries.
void ForEachChild(const Expr& expr, const std::function<void(const ExprPtr&)>& visit);
// The tree with each child replaced; the node itself is kept when no child changed.
ExprPtr MapChildren(const ExprPtr& expr, const std::function<ExprPtr(const ExprPtr&)>& map);
bool AnyNode(const ExprPtr& expr, const std::function<bool(const Expr&)>& test);
bool ContainsKind(const ExprPtr& expr, ExprKind kind);

// a AND b AND c as a list.
void SplitConjunction(const ExprPtr& expr, std::vector<ExprPtr>& out);

}  // namespace cloister::sql
