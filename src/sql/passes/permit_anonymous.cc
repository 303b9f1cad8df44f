// Rule R26: what may be asked at level k_anonymized. Expressions, order, limits and conditions inside the select list
// would each mark rows that generalisation makes alike, so there is nothing but columns and a filter.

#include <algorithm>

#include "sql/passes/permitter.h"

namespace cloister::sql {

using agreement::Role;

namespace {

// The expression over source 0, whatever it was called in the query.
ExprPtr Rebase(const ExprPtr& expr) {
  if (IsColumn(expr)) return MakeColumn(0, expr->column, expr->type, expr->range);
  return MapChildren(expr, Rebase);
}

// One text for each form of a filter; literals with their types, so that no two forms share one.
std::string Spelled(const ExprPtr& expr) {
  if (IsColumn(expr)) return "#" + std::to_string(expr->column);
  if (IsLiteral(expr)) return expr->type.ToString() + ":" + expr->literal.ToSql();
  std::string out =
      "(" + std::to_string(static_cast<int>(expr->kind)) + " " + expr->function + " " + expr->type.ToString();
  ForEachChild(*expr, [&](const ExprPtr& child) { out += " " + Spelled(child); });
  return out + ")";
}

bool IsReleasable(const agreement::ColumnPolicy& policy) {
  return policy.Is(Role::kDimension) || policy.quasi_identifier || policy.kanon_band.has_value();
}

std::string Listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

// The shape: SELECT columns FROM one dataset WHERE tests.
bool Permitter::CheckAnonymousShape(const Relation& select) {
  const std::size_t before = findings_.size();
  const auto refuse = [&](std::string message) { findings_.Add({"R26", select.range, std::move(message)}); };
  if (select.kind != Relation::Kind::kSelect) {
    refuse("A k-anonymous release is one SELECT of columns of one dataset; set operations are not admitted.");
    return false;
  }
  if (select.grouped || select.having || select.distinct || !select.sets.empty())
    refuse("A k-anonymous release shows generalised rows; count and group them afterwards, or ask at aggregate_only.");
  if (!select.order.empty() || select.limit || select.offset)
    refuse("The order of a k-anonymous release is fixed and it is shown whole; leave out ORDER BY and LIMIT.");
  const bool window = std::any_of(select.items.begin(), select.items.end(),
                                  [](const ExprPtr& item) { return ContainsKind(item, ExprKind::kWindow); });
  if (window || select.qualify) refuse("Windows compare persons with each other; a k-anonymous release has none.");
  return findings_.size() == before;
}

bool Permitter::CheckAnonymousColumn(const ExprPtr& item, const UnitTable& table) {
  if (!IsColumn(item) || item->source != table.source) {
    bool untouchable = false;
    ForEachColumn(item, [&](const Expr& column) { untouchable = scope_.IsUntouchable(column) || untouchable; });
    findings_.Add({"R26", item->range,
                   "A k-anonymous release shows columns as they are named; expressions would be computed before they "
                   "are generalised."});
    return false;
  }
  if (scope_.IsUntouchable(*item)) return false;
  const UnitColumn& column = table.columns[item->column];
  if (IsReleasable(column.policy)) return true;
  scope_.RefuseColumn("R26", *item,
                      column.name +
                          " is a measure for which its owner has set no band (kanon_band), so that no row of "
                          "it can be released.");
  return false;
}

// A filter by a measure would tell it, to the grid, of everyone in the release: classes are not diverse in measures.
void Permitter::CheckAnonymousTest(const ExprPtr& test, const UnitTable& table) {
  ForEachColumn(test, [&](const Expr& column) {
    const UnitColumn& known = table.columns[column.column];
    if (known.policy.Is(Role::kDimension) || known.policy.quasi_identifier || known.policy.Is(Role::kHidden)) return;
    scope_.RefuseColumn("R26", column,
                        "The rows of a k-anonymous release may be chosen by dimensions; " + known.name +
                            " is a measure, and the filter would tell it of everyone in the release.");
  });
}

// Only one release of a dataset's version: two would be intersected.
void Permitter::PinAnonymous(const Relation& select, AnonymousProjection& out) {
  std::vector<std::string> tests;
  std::sort(out.where.begin(), out.where.end(),
            [](const ExprPtr& a, const ExprPtr& b) { return Spelled(a) < Spelled(b); });
  for (const ExprPtr& test : out.where) out.pin.filter += Spelled(test) + ";";
  const auto& pinned = out.dataset->pinned;
  const auto name_of = [&](int column) { return out.table->columns[column].name; };
  const auto is_pinned = [&](int column) {
    return std::find(pinned->columns.begin(), pinned->columns.end(), name_of(column)) != pinned->columns.end();
  };
  out.released.insert(out.shown.begin(), out.shown.end());
  if (pinned) {
    const bool same_rows = pinned->filter == out.pin.filter;
    if (!same_rows || !std::all_of(out.shown.begin(), out.shown.end(), is_pinned)) {
      findings_.Add({"R26", select.range,
                     "This version of " + out.dataset->name + " has been released once, with the columns " +
                         Listed(pinned->columns) +
                         "; another release of it could be intersected with that one. Ask for some of these columns "
                         "with the same filter, or for a new version of the dataset.",
                     out.dataset->organisation});
      return;
    }
    for (std::size_t i = 0; i < out.table->columns.size(); ++i) {
      if (is_pinned(static_cast<int>(i))) out.released.insert(static_cast<int>(i));
    }
  }
  for (const int column : out.released) out.pin.columns.push_back(name_of(column));
  std::sort(out.pin.columns.begin(), out.pin.columns.end());
}

std::optional<AnonymousProjection> Permitter::PermitAnonymous(const Relation& select) {
  const std::size_t before = findings_.size();
  CheckAnonymousShape(select);
  if (select.kind != Relation::Kind::kSelect) return std::nullopt;
  const auto block = FlattenRows(select);
  if (!block) return std::nullopt;
  if (block->tables.size() != 1 || block->tables[0]->kind != UnitTable::Kind::kDataset || !block->outer_joins.empty() ||
      !block->semi_joins.empty()) {
    findings_.Add(
        {"R26", select.range, "A k-anonymous release is of one dataset alone: no joins, unions or subqueries in it."});
    return std::nullopt;
  }
  const UnitTable& table = *block->tables[0];
  AnonymousProjection out{.dataset = table.dataset};
  for (const ExprPtr& item : select.items) {
    const ExprPtr inlined = Inline(item);
    if (inlined && CheckAnonymousColumn(inlined, table)) out.shown.push_back(inlined->column);
  }
  if (findings_.size() != before) return std::nullopt;
  auto rebased = std::make_shared<UnitTable>(table);
  rebased->source = 0;
  for (UnitCounter& counter : rebased->counters) counter.unit = Rebase(counter.unit);
  out.table = rebased;
  for (const ExprPtr& test : block->where) {
    CheckAnonymousTest(test, table);
    out.where.push_back(Rebase(test));
  }
  PinAnonymous(select, out);
  for (const ExprPtr& test : out.where) {
    ForEachColumn(test, [&](const Expr& column) {
      if (table.columns[column.column].policy.AsksDiversity() && !out.released.contains(column.column))
        out.tested.insert(column.column);
    });
  }
  if (findings_.size() != before) return std::nullopt;
  return out;
}

}  // namespace cloister::sql
