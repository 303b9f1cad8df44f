#include <algorithm>

#include "base/check.h"
#include "sql/lower/sql_printer.h"

namespace cloister::sql {
namespace {

std::string_view JoinWord(JoinKind kind) {
  switch (kind) {
    case JoinKind::kInner:
      return " INNER JOIN ";
    case JoinKind::kLeft:
      return " LEFT JOIN ";
    case JoinKind::kRight:
      return " RIGHT JOIN ";
    case JoinKind::kFull:
      return " FULL JOIN ";
    case JoinKind::kSemi:
      return " SEMI JOIN ";
    case JoinKind::kAnti:
      return " ANTI JOIN ";
  }
  return "";
}

std::string_view SetWord(SetOperation operation) {
  switch (operation) {
    case SetOperation::kUnion:
      return "UNION";
    case SetOperation::kIntersect:
      return "INTERSECT";
    case SetOperation::kExcept:
      return "EXCEPT";
  }
  return "";
}

}  // namespace

std::string SqlPrinter::SourceSql(const Source& source) {
  const Relation& relation = *source.relation;
  std::vector<std::string> names;
  std::string sql;
  if (relation.kind == Relation::Kind::kDataset) {
    for (const agreement::SchemaColumn& column : relation.dataset->schema.columns) {
      names.push_back(QuoteIdentifier(column.name));
    }
    sql = QuoteIdentifier(ExecutablePlan::TableName(relation.dataset->id));
  } else {
    for (std::size_t i = 0; i < relation.columns.size(); ++i) names.push_back("\"c" + std::to_string(i) + "\"");
    sql = DerivedSql(source);
  }
  return sql + NewAlias(source.id, std::move(names));
}

std::string SqlPrinter::FromSql(const From& from) {
  if (from.kind == From::Kind::kSource) return SourceSql(from.source);
  const std::string left = FromSql(*from.left);
  const std::string right = FromSql(*from.right);
  const std::string nested = from.right->kind == From::Kind::kJoin ? "(" + right + ")" : right;
  if (!from.condition)
    return left + (from.join == JoinKind::kInner ? " CROSS JOIN " + nested
                                                 : std::string(JoinWord(from.join)) + nested + " ON TRUE");
  return left + std::string(JoinWord(from.join)) + nested + " ON " + Condition(from.condition);
}

// A constant key is cast, because a bare number would mean an output column.
std::string SqlPrinter::Key(const ExprPtr& key) {
  if (IsLiteral(key))
    return "CAST(" + Expression(key) + " AS " + (key->literal.IsNull() ? kVarcharType : key->type).ToString() + ")";
  return Total(key);
}

std::string SqlPrinter::GroupBy(const Relation& select) {
  if (!select.grouped || (select.keys.empty() && select.sets.empty())) return "";
  std::vector<std::string> keys;
  // As in the select list, so that the engine knows it again there; DuckDB 1.5 does not through TRY().
  for (const ExprPtr& key : select.keys) keys.push_back(IsLiteral(key) ? Key(key) : Wide(key));
  if (select.sets.empty()) {
    std::string out;
    for (const std::string& key : keys) out += (out.empty() ? " GROUP BY " : ", ") + key;
    return out;
  }
  std::string sets;
  for (const std::vector<int>& set : select.sets) {
    std::string inner;
    for (const int index : set) inner += (inner.empty() ? "" : ", ") + keys[index];
    sets += (sets.empty() ? "(" : ", (") + inner + ")";
  }
  return " GROUP BY GROUPING SETS (" + sets + ")";
}

// The analyst's order, and after it every output column: then two runs give the same bytes, and LIMIT the same rows.
std::string SqlPrinter::OrderAndLimit(const Relation& relation) {
  const bool any = released() || !relation.order.empty() || relation.limit || relation.offset;
  std::string out;
  if (any) {
    std::vector<std::size_t> used;
    for (const OrderItem& item : relation.order) {
      std::string sql;
      for (std::size_t i = 0; i < relation.items.size() && sql.empty(); ++i) {
        if (!SameExpr(relation.items[i], item.expr)) continue;
        sql = std::to_string(i + 1);
        used.push_back(i);
      }
      if (item.expr->source == kOwnOutput) used.push_back(item.expr->column);
      if (sql.empty()) sql = relation.grouped ? Wide(item.expr) : Total(item.expr);
      out += (out.empty() ? " ORDER BY " : ", ") + sql + (item.descending ? " DESC" : " ASC") +
             (item.nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
      if (std::find(used.begin(), used.end(), i) != used.end()) continue;
      out += (out.empty() ? " ORDER BY " : ", ") + std::to_string(i + 1) + " ASC NULLS LAST";
    }
  }
  if (relation.limit) out += " LIMIT " + std::to_string(*relation.limit);
  if (relation.offset) out += " OFFSET " + std::to_string(*relation.offset);
  return out;
}

std::string SqlPrinter::SelectSql(const Relation& select, bool top, const std::set<int>& intervals) {
  // FROM first: it gives the sources their names.
  const std::string from = select.from.kind == From::Kind::kNone ? "" : " FROM " + FromSql(select.from);
  std::string items;
  for (std::size_t i = 0; i < select.items.size(); ++i) {
    const Type& type = select.columns[i].type;
    const std::string value = select.grouped ? Wide(select.items[i]) : Total(select.items[i]);
    const Type shown = type.kind == Type::Kind::kNull || type.kind == Type::Kind::kInterval ? kVarcharType : type;
    const std::string typed = top ? "TRY_CAST(" + value + " AS " + shown.ToString() + ")" : value;
    items += (items.empty() ? "" : ", ") + typed + " AS " +
             (top ? QuoteIdentifier(select.columns[i].name) : "\"c" + std::to_string(i) + "\"");
    if (top) output_.push_back({select.columns[i].name, shown});
  }
  items += IntervalItems(select, top, intervals);
  std::string sql = std::string("SELECT ") + (select.distinct ? "DISTINCT " : "") + items + from;
  if (select.where) sql += " WHERE " + Condition(select.where);
  sql += GroupBy(select);
  if (select.having) sql += " HAVING " + Wide(select.having);
  if (select.qualify) sql += " QUALIFY " + Wide(select.qualify);
  const bool ordered = top || select.limit || select.offset;
  return ordered ? sql + OrderAndLimit(select) : sql;
}

std::string SqlPrinter::SetOperationSql(const Relation& relation, bool top) {
  std::string sql = "(" + RelationSql(*relation.left, false) + ") " + std::string(SetWord(relation.operation)) +
                    (relation.all ? " ALL" : "") + " (" + RelationSql(*relation.right, false) + ")";
  if (top || relation.limit || relation.offset) sql += OrderAndLimit(relation);
  if (!top) return sql;
  std::string items;
  for (std::size_t i = 0; i < relation.columns.size(); ++i) {
    const Type type = relation.columns[i].type.kind == Type::Kind::kNull ? kVarcharType : relation.columns[i].type;
    items += (items.empty() ? "" : ", ") + ("TRY_CAST(\"c" + std::to_string(i) + "\" AS " + type.ToString() + ") AS " +
                                            QuoteIdentifier(relation.columns[i].name));
    output_.push_back({relation.columns[i].name, type});
  }
  // The outer block keeps the inner one's order: it neither groups nor joins.
  Relation outer;
  outer.columns = relation.columns;
  outer.order = relation.order;
  return "SELECT " + items + " FROM (" + sql + ") AS \"q\"" + OrderAndLimit(outer);
}

std::string SqlPrinter::RelationSql(const Relation& relation, bool top) {
  switch (relation.kind) {
    case Relation::Kind::kSelect:
      return SelectSql(relation, top, top ? AskIntervals(relation) : std::set<int>());
    case Relation::Kind::kSetOperation:
      return SetOperationSql(relation, top);
    case Relation::Kind::kRelease:
      return ReleaseSql(*relation.release);
    case Relation::Kind::kDataset:
      break;
  }
  CLOISTER_CHECK(false);  // a dataset stands in a FROM only
}

std::string SqlPrinter::Print() {
  shared_ = FindSharedTables();
  const std::string sql = RelationSql(*query_.root(), true);
  return with_.empty() ? sql : with_ + " " + sql;
}

}  // namespace cloister::sql
