#include "sql/passes/release_form.h"

#include <algorithm>
#include <set>

namespace cloister::sql {
namespace {

void AddAll(std::string& out, char mark, const std::set<std::string>& parts) {
  out += mark;
  for (const std::string& part : parts) out += part + ";";
}

std::string Quantity(const UnitAggregate& aggregate, const BlockForm& form) {
  std::string out = aggregate.function + (aggregate.distinct ? " distinct(" : "(");
  for (const ExprPtr& arg : aggregate.args) out += form.Form(arg) + ",";
  return out + ")" + (aggregate.filter ? form.Form(aggregate.filter) : "");
}

// A block inside a table or a semi-join, filters and all.
std::optional<std::string> Whole(const UnitBlock& block) {
  const auto form = BlockForm::Of(block);
  if (!form) return std::nullopt;
  std::string out = "[" + form->rows();
  std::set<std::string> tests;
  for (const ExprPtr& test : block.where) tests.insert(form->Form(test));
  AddAll(out, 'w', tests);
  std::set<std::string> keys;
  for (const ExprPtr& key : block.keys) keys.insert(form->Form(key));
  AddAll(out, 'k', keys);
  for (const ExprPtr& item : block.items) out += "i" + form->Form(item);
  for (const UnitAggregate& aggregate : block.aggregates) out += "a" + Quantity(aggregate, *form);
  return out + "]";
}

}  // namespace

bool BlockForm::AddTable(const UnitTable& table, std::map<std::string, int>& derived) {
  if (table.dataset != nullptr) {
    const std::string name = "d" + table.dataset->id;
    names_[table.source] = name;
    return sources_.emplace(name, table.source).second;
  }
  if (table.relation || table.blocks.empty()) return false;
  std::string text = "t" + std::to_string(static_cast<int>(table.kind));
  for (const auto& block : table.blocks) {
    const auto whole = Whole(*block);
    if (!whole) return false;
    text += *whole;
  }
  names_[table.source] = "#";  // for its own filters; its number follows once all are known
  std::set<std::string> filters;
  for (const ExprPtr& filter : table.filters) filters.insert(Form(filter));
  AddAll(text, 'f', filters);
  return derived.emplace(std::move(text), table.source).second;
}

std::optional<BlockForm> BlockForm::Of(const UnitBlock& block) {
  BlockForm form;
  std::map<std::string, int> derived;
  for (const UnitTablePtr& table : block.tables) {
    if (!form.AddTable(*table, derived)) return std::nullopt;
  }
  for (const UnitOuterJoin& join : block.outer_joins) {
    if (!form.AddTable(*join.table, derived)) return std::nullopt;
  }
  int number = 0;
  for (const auto& [text, source] : derived) {
    const std::string name = "#" + std::to_string(number++);
    form.names_[source] = name;
    form.sources_[name] = source;
    form.rows_ += text + ";";
  }
  std::set<std::string> inner;
  for (const UnitTablePtr& table : block.tables) inner.insert(form.names_[table->source]);
  AddAll(form.rows_, 'n', inner);
  for (const UnitOuterJoin& join : block.outer_joins) {
    std::set<std::string> conditions;
    for (const ExprPtr& condition : join.conditions) conditions.insert(form.Form(condition));
    AddAll(form.rows_, 'o', conditions);
  }
  std::set<std::string> semi_joins;
  for (const UnitSemiJoin& join : block.semi_joins) {
    const auto whole = Whole(*join.block);
    const auto own = Of(*join.block);
    if (!whole || !own) return std::nullopt;
    semi_joins.insert((join.negated ? "not" : "") + *whole + own->Form(join.inner) + form.Form(join.outer));
  }
  AddAll(form.rows_, 's', semi_joins);
  return form;
}

std::string BlockForm::Form(const ExprPtr& expr) const {
  if (IsLiteral(expr)) return expr->literal.type.ToString() + expr->literal.ToSql();
  if (IsColumn(expr)) {
    const auto name = names_.find(expr->source);
    const std::string table = name == names_.end() ? "?" + std::to_string(expr->source) : name->second;
    return table + "." + std::to_string(expr->column);
  }
  // Two queries in an expression are never known to be equal.
  if (expr->kind == ExprKind::kSubquery) return "?" + std::to_string(reinterpret_cast<std::uintptr_t>(expr.get()));
  std::vector<std::string> children;
  ForEachChild(*expr, [&](const ExprPtr& child) { children.push_back(Form(child)); });
  const bool commutes = IsCall(expr, "=") || IsCall(expr, "and") || IsCall(expr, "or");
  if (commutes) std::sort(children.begin(), children.end());
  std::string out = std::to_string(static_cast<int>(expr->kind)) + expr->function + expr->type.ToString() +
                    (expr->distinct ? "!" : "") + (expr->ignore_nulls ? "?" : "") + (expr->filter ? "f" : "") +
                    std::to_string(expr->args.size()) + expr->frame.mode + expr->frame.start + expr->frame.end;
  for (const OrderItem& item : expr->order) {
    out += item.descending ? "d" : "a";
    out += item.nulls_first ? "0" : "1";
  }
  out += "(";
  for (const std::string& child : children) out += child + ",";
  return out + ")";
}

ExprPtr BlockForm::Move(const ExprPtr& expr, const BlockForm& to) const {
  if (IsColumn(expr)) {
    const auto name = names_.find(expr->source);
    const auto source = name == names_.end() ? to.sources_.end() : to.sources_.find(name->second);
    if (source == to.sources_.end()) return nullptr;
    return MakeColumn(source->second, expr->column, expr->type, expr->range);
  }
  bool whole = true;
  ExprPtr moved = MapChildren(expr, [&](const ExprPtr& child) {
    ExprPtr value = Move(child, to);
    whole = whole && value;
    return value ? value : child;
  });
  return whole ? moved : nullptr;
}

bool BlockForm::HasDatasets(const ExprPtr& expr) const {
  return !AnyNode(expr, [&](const Expr& node) {
    const auto name = node.kind == ExprKind::kColumn ? names_.find(node.source) : names_.end();
    return node.kind == ExprKind::kColumn && (name == names_.end() || !name->second.starts_with('d'));
  });
}

}  // namespace cloister::sql
