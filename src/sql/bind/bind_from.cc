// FROM: datasets and CTEs by name, derived tables, joins.

#include <algorithm>

#include "agreement/documents.h"
#include "sql/bind/binder.h"
#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

constexpr int kBlockDepthMax = 24;

RelationPtr DatasetRelation(const CompileDataset& dataset, TextRange range) {
  auto relation = std::make_shared<Relation>();
  relation->kind = Relation::Kind::kDataset;
  relation->range = range;
  relation->dataset = &dataset;
  for (const agreement::SchemaColumn& column : dataset.schema.columns) {
    relation->columns.push_back({column.name, Type::Of(column.type)});
  }
  return relation;
}

}  // namespace

const CompileDataset* Binder::FindDataset(std::string_view written) const {
  const std::string name = LowerCase(written);
  for (const CompileDataset& dataset : request_.datasets) {
    const std::string id = LowerCase(dataset.id);
    const std::string bare = id.starts_with("ds_") ? id.substr(3) : id;
    if (name == LowerCase(dataset.name) || name == "dataset_" + id || name == "dataset_" + bare) return &dataset;
  }
  if (agreement::DatasetIdIn(name)) return nullptr;  // whatever somebody calls his own
  // By its title: "Visits of 2026". No two datasets have one name, so it stands for one of them at most.
  for (const CompileDataset& dataset : request_.datasets) {
    if (agreement::IsTitleOf(written, dataset.name)) return &dataset;
  }
  return nullptr;
}

RelationPtr Binder::FindCte(const ParsedFrom& parsed, const CteChain& ctes, const ParsedCte*& found) {
  for (std::size_t i = ctes.size(); i-- > 0;) {
    if (LowerCase(ctes[i].cte->name) != LowerCase(parsed.table)) continue;
    found = ctes[i].cte;
    // A CTE sees those before it, never itself.
    const CteChain before(ctes.begin(), ctes.begin() + static_cast<std::ptrdiff_t>(i));
    return BindSelect(*found->query, before, nullptr);
  }
  return nullptr;
}

From Binder::AddSource(RelationPtr relation, const ParsedFrom& parsed, const std::vector<std::string>& column_aliases,
                       Scope& scope) {
  if (!relation) return {};
  if (column_aliases.size() > relation->columns.size()) {
    findings_.Add({"R02", parsed.range, "There are more column names than columns."});
    return {};
  }
  if (!column_aliases.empty()) {
    auto renamed = std::make_shared<Relation>(*relation);
    for (std::size_t i = 0; i < column_aliases.size(); ++i) renamed->columns[i].name = column_aliases[i];
    relation = renamed;
  }
  From from;
  from.kind = From::Kind::kSource;
  from.range = parsed.range;
  from.source = {next_source_++, relation, parsed.alias.empty() ? parsed.table : parsed.alias, !column_aliases.empty(),
                 parsed.range};
  const std::string table = LowerCase(from.source.alias);
  if (!table.empty() && std::find(scope.tables.begin(), scope.tables.end(), table) != scope.tables.end()) {
    findings_.Add({"R02", parsed.range, "Two tables are called " + from.source.alias + "; give one an alias."});
    return {};
  }
  scope.tables.push_back(table);
  for (std::size_t i = 0; i < relation->columns.size(); ++i) {
    scope.columns.push_back(
        {table, relation->columns[i].name, from.source.id, static_cast<int>(i), relation->columns[i].type});
  }
  return from;
}

From Binder::BindTable(const ParsedFrom& parsed, const CteChain& ctes, Scope& scope) {
  const ParsedCte* cte = nullptr;
  const std::size_t before = findings_.size();
  if (RelationPtr relation = FindCte(parsed, ctes, cte))
    return AddSource(std::move(relation), parsed, cte->column_aliases, scope);
  if (cte != nullptr) return {};
  const CompileDataset* dataset = FindDataset(parsed.table);
  if (dataset == nullptr) {
    if (findings_.size() == before) {
      findings_.Add({"R02", parsed.range, "There is no dataset called " + parsed.table + " in this environment."});
    }
    return {};
  }
  return AddSource(DatasetRelation(*dataset, parsed.range), parsed, {}, scope);
}

// left.c = right.c for each column; the right one is reachable by its table only from here on.
ExprPtr Binder::UsingCondition(const ParsedFrom& parsed, const Scope& left, Scope& right) {
  std::vector<ExprPtr> tests;
  for (const std::string& name : parsed.using_columns) {
    Expr column;
    column.kind = ExprKind::kColumn;
    column.names = {name};
    column.range = parsed.range;
    const ExprPtr a = BindColumn(column, left);
    const ExprPtr b = BindColumn(column, right);
    if (!a || !b) return nullptr;
    for (VisibleColumn& visible : right.columns) {
      if (visible.source == b->source && visible.column == b->column) visible.merged = true;
    }
    auto test = CloneExpr(*MakeCall("=", {a, b}, kBooleanType, parsed.range));
    if (!CoerceComparison(*test)) return nullptr;
    tests.push_back(test);
  }
  return tests.size() == 1 ? tests[0] : MakeCall("and", tests, kBooleanType, parsed.range);
}

From Binder::BindJoin(const ParsedFrom& parsed, const CteChain& ctes, const Scope* outer, Scope& scope) {
  Scope left;
  Scope right;
  left.outer = right.outer = outer;
  From from;
  from.kind = From::Kind::kJoin;
  from.range = parsed.range;
  from.join = parsed.join;
  from.left = std::make_shared<From>(BindFrom(*parsed.left, ctes, outer, left));
  from.right = std::make_shared<From>(BindFrom(*parsed.right, ctes, outer, right));
  if (from.left->kind == From::Kind::kNone || from.right->kind == From::Kind::kNone) return {};
  for (const std::string& table : right.tables) {
    if (!table.empty() && std::find(left.tables.begin(), left.tables.end(), table) != left.tables.end()) {
      findings_.Add({"R02", parsed.range, "Two tables are called " + table + "; give one an alias."});
      return {};
    }
  }
  if (!parsed.using_columns.empty()) {
    if (parsed.join == JoinKind::kRight || parsed.join == JoinKind::kFull) {
      findings_.Add({"R11", parsed.range, "RIGHT and FULL JOIN take ON, not USING."});
      return {};
    }
    Scope alone_left = left;
    Scope alone_right = right;
    alone_left.outer = alone_right.outer = nullptr;
    from.condition = UsingCondition(parsed, alone_left, alone_right);
    if (!from.condition) return {};
    right.columns = alone_right.columns;
  }
  Scope both;
  both.outer = outer;
  both.columns = left.columns;
  both.columns.insert(both.columns.end(), right.columns.begin(), right.columns.end());
  both.tables = left.tables;
  both.tables.insert(both.tables.end(), right.tables.begin(), right.tables.end());
  if (parsed.condition) {
    from.condition = BindExpr(parsed.condition, ctes, both);
    if (!from.condition) return {};
    if (from.condition->type.kind != Type::Kind::kBoolean) {
      findings_.Add({"R21", parsed.condition->range, "ON takes a condition."});
      return {};
    }
  }
  const bool left_only = parsed.join == JoinKind::kSemi || parsed.join == JoinKind::kAnti;
  const Scope& visible = left_only ? left : both;
  scope.columns.insert(scope.columns.end(), visible.columns.begin(), visible.columns.end());
  scope.tables.insert(scope.tables.end(), visible.tables.begin(), visible.tables.end());
  return from;
}

From Binder::BindFrom(const ParsedFrom& parsed, const CteChain& ctes, const Scope* outer, Scope& scope) {
  if (depth_ > kBlockDepthMax || !Count(parsed.range)) {
    findings_.Add(
        {"R23", parsed.range, "Queries are nested too deeply; at most " + std::to_string(kBlockDepthMax) + " levels."});
    return {};
  }
  switch (parsed.kind) {
    case ParsedFrom::Kind::kNone:
      return {};
    case ParsedFrom::Kind::kTable:
      return BindTable(parsed, ctes, scope);
    case ParsedFrom::Kind::kSubquery: {
      // A derived table does not see its neighbours: LATERAL is not admitted.
      RelationPtr relation = BindSelect(*parsed.subquery, ctes, nullptr);
      return AddSource(std::move(relation), parsed, parsed.column_aliases, scope);
    }
    case ParsedFrom::Kind::kJoin:
      return BindJoin(parsed, ctes, outer, scope);
  }
  return {};
}

}  // namespace cloister::sql
