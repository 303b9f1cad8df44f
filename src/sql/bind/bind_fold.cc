// Arithmetic of constants, exact or not at all: dates and intervals, whole and decimal numbers.

#include "sql/bind/binder.h"

namespace cloister::sql {
namespace {

using Kind = Type::Kind;

struct Exact {
  std::int64_t unscaled = 0;
  int scale = 0;
};

std::optional<Exact> ExactOf(const Literal& literal) {
  if (!literal.type.IsInteger() && literal.type.kind != Kind::kDecimal) return std::nullopt;
  return Exact{std::get<std::int64_t>(literal.value), literal.type.kind == Kind::kDecimal ? literal.type.scale : 0};
}

bool Rescale(Exact& number, int scale) {
  for (; number.scale < scale; ++number.scale) {
    if (__builtin_mul_overflow(number.unscaled, 10, &number.unscaled)) return false;
  }
  return true;
}

std::optional<Literal> FoldNumbers(std::string_view op, Exact a, Exact b) {
  Exact result;
  if (op == "*") {
    if (__builtin_mul_overflow(a.unscaled, b.unscaled, &result.unscaled)) return std::nullopt;
    result.scale = a.scale + b.scale;
  } else {
    result.scale = std::max(a.scale, b.scale);
    if (!Rescale(a, result.scale) || !Rescale(b, result.scale)) return std::nullopt;
    const bool overflow = op == "+" ? __builtin_add_overflow(a.unscaled, b.unscaled, &result.unscaled)
                                    : __builtin_sub_overflow(a.unscaled, b.unscaled, &result.unscaled);
    if (overflow) return std::nullopt;
  }
  if (result.scale == 0) return Literal::Bigint(result.unscaled);
  if (result.scale > 18) return std::nullopt;
  return Literal{Type::Decimal(18, result.scale), result.unscaled};
}

std::optional<Literal> FoldDate(std::string_view op, const Literal& date, const Literal& other) {
  const std::int64_t days = std::get<std::int64_t>(date.value);
  const std::int64_t sign = op == "+" ? 1 : -1;
  if (const auto* interval = std::get_if<Interval>(&other.value)) {
    return Literal::Date(AddInterval(days, {sign * interval->months, sign * interval->days}));
  }
  const auto count = other.AsInteger();
  if (!count || *count < -4'000'000 || *count > 4'000'000) return std::nullopt;
  return Literal::Date(days + sign * *count);
}

}  // namespace

ExprPtr FoldConstants(const ExprPtr& call) {
  if (call->kind != ExprKind::kCall || call->args.size() != 2) return nullptr;
  if (!IsLiteral(call->args[0]) || !IsLiteral(call->args[1])) return nullptr;
  const Literal& a = call->args[0]->literal;
  const Literal& b = call->args[1]->literal;
  const std::string& op = call->function;
  if (op != "+" && op != "-" && op != "*") return nullptr;
  std::optional<Literal> value;
  if (a.type.kind == Kind::kDate && op != "*") {
    value = FoldDate(op, a, b);
  } else if (const auto left = ExactOf(a), right = ExactOf(b); left && right) {
    value = FoldNumbers(op, *left, *right);
  } else if (a.AsNumber() && b.AsNumber()) {
    const double x = *a.AsNumber();
    const double y = *b.AsNumber();
    value = Literal::Double(op == "+" ? x + y : op == "-" ? x - y : x * y);
  }
  return value ? MakeLiteral(*value, call->range) : nullptr;
}

}  // namespace cloister::sql
