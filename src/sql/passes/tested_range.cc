#include "sql/passes/tested_range.h"

#include <algorithm>
#include <cmath>

#include "sql/function.h"

namespace cloister::sql {
namespace {

void Narrow(TestedRange& range, std::string_view op, double constant) {
  if (op == "<" || op == "<=")
    range.high = std::min(range.high, constant);
  else if (op == ">" || op == ">=")
    range.low = std::max(range.low, constant);
  else
    range.single_values = true;
}

bool IsPrefix(const Literal& pattern, std::int64_t length_max) {
  const auto text = pattern.AsText();
  if (!text || text->size() < 2 || text->back() != '%') return false;
  const std::string_view prefix = std::string_view(*text).substr(0, text->size() - 1);
  return static_cast<std::int64_t>(prefix.size()) <= length_max && prefix.find_first_of("%_\\") == prefix.npos;
}

}  // namespace

bool TestedRange::says_nothing() const { return !single_values && !std::isfinite(low) && !std::isfinite(high); }

double FinestWidth(const agreement::ColumnPolicy& policy) {
  double width = 0;
  for (const auto& step : policy.generalise) {
    if (step.width && (width == 0 || *step.width < width)) width = *step.width;
  }
  return width;
}

double CoarsestWidth(const agreement::ColumnPolicy& policy) {
  double width = 0;
  for (const auto& step : policy.generalise) width = std::max(width, step.width.value_or(0));
  return width;
}

std::int64_t LongestPrefix(const agreement::ColumnPolicy& policy) {
  std::int64_t longest = 0;
  for (const auto& step : policy.generalise) {
    const std::size_t comma = step.text.find(',');
    if (!step.text.starts_with("left(") || comma == std::string::npos) continue;
    std::int64_t length = 0;
    for (std::size_t i = comma + 1; i < step.text.size() && step.text[i] >= '0' && step.text[i] <= '9'; ++i) {
      length = std::min<std::int64_t>(length * 10 + (step.text[i] - '0'), 1000);
    }
    longest = std::max(longest, length);
  }
  return longest;
}

void AddTests(const ExprPtr& expr, const Expr& column, std::int64_t prefix_max, ColumnTests& tests) {
  if (IsCall(expr, "and")) {
    for (const ExprPtr& arg : expr->args) AddTests(arg, column, prefix_max, tests);
    return;
  }
  if (expr->kind != ExprKind::kCall) return;
  if (expr->function == "or" || expr->function == "not") {
    for (const ExprPtr& arg : expr->args) {
      ColumnTests branch;
      AddTests(arg, column, prefix_max, branch);
      tests.alone.insert(tests.alone.end(), branch.alone.begin(), branch.alone.end());
      tests.alone.push_back(branch.together);
    }
    return;
  }
  const auto is_it = [&](const ExprPtr& arg) {
    return IsColumn(arg) && arg->source == column.source && arg->column == column.column;
  };
  if (std::none_of(expr->args.begin(), expr->args.end(), is_it)) return;
  if (expr->function == "like" && IsLiteral(expr->args[1]) && IsPrefix(expr->args[1]->literal, prefix_max)) return;
  if (!IsComparison(expr->function) || expr->args.size() != 2) {
    tests.together.single_values = true;
    return;
  }
  const bool mirrored = is_it(expr->args[1]);
  const ExprPtr& constant = expr->args[mirrored ? 0 : 1];
  const auto number = IsLiteral(constant) ? constant->literal.AsNumber() : std::nullopt;
  const std::string_view op = mirrored ? MirroredComparison(expr->function) : std::string_view(expr->function);
  if (number)
    Narrow(tests.together, op, *number);
  else
    tests.together.single_values = true;
}

}  // namespace cloister::sql
