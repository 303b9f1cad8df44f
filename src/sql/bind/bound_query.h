#pragma once

// The query with every name resolved against the registered datasets and nothing else: stars and ordinals written
// out, aliases replaced by what they stand for, CTEs bound where they are used, types known, constants folded.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sql/compile.h"
#include "sql/expr.h"
#include "sql/parse/parsed_query.h"

namespace cloister::sql {

using RelationPtr = std::shared_ptr<const Relation>;

struct OutputColumn {
  std::string name;
  Type type;
};

// One occurrence of a relation in a FROM. A kColumn expression names it by `id`, which is unique in the query, so that
// a column means the same wherever its expression is put.
struct Source {
  int id = -1;
  RelationPtr relation;
  std::string alias;
  bool renamed = false;  // has a column alias list
  TextRange range;
};

struct From {
  enum class Kind { kNone, kSource, kJoin };
  Kind kind = Kind::kNone;
  TextRange range;
  Source source;
  JoinKind join = JoinKind::kInner;
  std::shared_ptr<const From> left;
  std::shared_ptr<const From> right;
  ExprPtr condition;  // null: a comma or a cross join
};

struct Release;  // passes/release.h

struct Relation {
  enum class Kind { kDataset, kSelect, kSetOperation, kRelease };
  Kind kind = Kind::kSelect;
  TextRange range;
  std::vector<OutputColumn> columns;

  const CompileDataset* dataset = nullptr;  // kDataset; columns are its schema's

  From from;  // kSelect
  std::vector<ExprPtr> items;
  bool star = false;  // a * stood in the select list
  ExprPtr where;
  bool grouped = false;  // has GROUP BY or an aggregate
  std::vector<ExprPtr> keys;
  std::vector<std::vector<int>> sets;  // more than one: GROUPING SETS over `keys`
  ExprPtr having;
  ExprPtr qualify;
  bool distinct = false;

  SetOperation operation = SetOperation::kUnion;  // kSetOperation
  bool all = false;
  RelationPtr left;
  RelationPtr right;

  // Of kSelect over its sources, of kSetOperation over output columns (source == kOwnOutput).
  std::vector<OrderItem> order;
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> offset;

  std::shared_ptr<const Release> release;  // kRelease: what passes/ make of a block over protected rows
  std::vector<RelationPtr> constants;      // kRelease: released values that its filters compare with
};

// The `source` of a column that means the relation's own output.
inline constexpr int kOwnOutput = -2;

class BoundQuery {
 public:
  // Nothing: `findings` says why. Rules R02, R04, R05, R13, R15, R21, R23. `request` must outlive the result.
  static std::optional<BoundQuery> Bind(const ParsedQuery& parsed, const CompileRequest& request, Findings& findings);

  const RelationPtr& root() const { return root_; }
  // An id that no source of the query has; each call another.
  int NewSourceId() { return next_source_++; }

 private:
  BoundQuery(RelationPtr root, int next_source) : root_(std::move(root)), next_source_(next_source) {}
  RelationPtr root_;
  int next_source_;
};

// Calls `visit` for every relation of the tree, subqueries in expressions included, parents first.
void ForEachRelation(const RelationPtr& root, const std::function<void(const Relation&)>& visit);
void ForEachSource(const From& from, const std::function<void(const Source&)>& visit);
// Every expression that stands directly in the relation.
void ForEachExpr(const Relation& relation, const std::function<void(const ExprPtr&)>& visit);

}  // namespace cloister::sql
