#pragma once

// What the analyst wrote, as a tree of ours: exactly one SELECT of known nodes, parameters replaced by their values,
// shorthands written out (BETWEEN, NOT LIKE, IF, year(d)). Names mean nothing yet.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/json.h"
#include "sql/expr.h"
#include "sql/findings.h"
#include "sql/statement_parser.h"

namespace cloister::sql {

// Rule R23: bounds on what one query may be.
inline constexpr std::size_t kNodesMax = 20'000;
inline constexpr int kDepthMax = 100;

enum class JoinKind { kInner, kLeft, kRight, kFull, kSemi, kAnti };
enum class SetOperation { kUnion, kIntersect, kExcept };

struct ParsedFrom {
  enum class Kind { kNone, kTable, kSubquery, kJoin };
  Kind kind = Kind::kNone;
  TextRange range;
  std::string table;  // kTable
  std::string alias;
  std::vector<std::string> column_aliases;
  std::shared_ptr<const ParsedSelect> subquery;
  JoinKind join = JoinKind::kInner;
  std::shared_ptr<const ParsedFrom> left;
  std::shared_ptr<const ParsedFrom> right;
  ExprPtr condition;  // kJoin; null for a comma or a cross join
  std::vector<std::string> using_columns;
};

struct ParsedCte {
  std::string name;
  std::vector<std::string> column_aliases;
  std::shared_ptr<const ParsedSelect> query;
};

// A SELECT, or a set operation of two.
struct ParsedSelect {
  TextRange range;
  std::vector<ParsedCte> ctes;

  std::optional<SetOperation> set_operation;
  bool set_all = false;
  std::shared_ptr<const ParsedSelect> left;
  std::shared_ptr<const ParsedSelect> right;

  std::vector<ExprPtr> items;
  ParsedFrom from;
  ExprPtr where;
  std::vector<ExprPtr> group_keys;
  std::vector<std::vector<int>> group_sets;  // indices into group_keys; more than one: GROUPING SETS
  bool group_all = false;
  ExprPtr having;
  ExprPtr qualify;

  bool distinct = false;
  std::vector<OrderItem> order;
  bool order_all = false;
  bool order_all_descending = false;
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> offset;
};

struct ParseInput {
  std::string_view text;
  const std::map<std::string, codec::Json>* parameters;
};

class ParsedQuery {
 public:
  // Nothing: `findings` says why. Rules R01-R04, R13, R18, R19, R23.
  static std::optional<ParsedQuery> Parse(const ParseInput& input, const StatementTree& tree, Findings& findings);

  const ParsedSelect& select() const { return *select_; }

 private:
  explicit ParsedQuery(std::shared_ptr<const ParsedSelect> select) : select_(std::move(select)) {}
  std::shared_ptr<const ParsedSelect> select_;
};

}  // namespace cloister::sql
