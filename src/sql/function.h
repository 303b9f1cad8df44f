#pragma once

// The whitelist of functions (rule R03): exact names, per position. What is not in the table does not exist.
// Reasons for absence are not kept: a new function of the engine is refused until somebody has thought about it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/type.h"

namespace cloister::sql {

enum class FunctionKind { kScalar, kAggregate, kWindow };

// How the result's type follows from the arguments'.
enum class ResultRule {
  kFirst,
  kCommon,
  kArithmetic,
  kMultiply,
  kDivide,
  kRound,
  kSum,
  kBoolean,
  kBigint,
  kDouble,
  kVarchar,
  kTimestamp,
  kQuantile
};

struct FunctionSpec {
  std::string_view name;
  FunctionKind kind;
  int args_min;
  int args_max;
  ResultRule result;
};

// By our name, lower case; null when there is none of this kind. An aggregate is a window function as well.
const FunctionSpec* FindFunction(std::string_view name, FunctionKind kind);
// "stddev" -> "stddev_samp": one name for each function.
std::string_view CanonicalFunctionName(std::string_view name);
Type ResultType(const FunctionSpec& spec, const std::vector<Type>& args);

// =, <>, <, <=, >, >=, distinct (IS DISTINCT FROM), not_distinct.
bool IsComparison(std::string_view name);
// The comparison with its sides exchanged.
std::string_view MirroredComparison(std::string_view name);

// The parts of a date that date_part and date_trunc know, from coarse to fine; nothing for any other word.
std::optional<agreement::DateGranularity> DatePartGranularity(std::string_view part);
// The finest part that a strftime format of ours shows; nothing when it holds anything but %Y %m %b %B %y and - / .
// space.
std::optional<agreement::DateGranularity> FormatGranularity(std::string_view format);
// A strftime format with fields that the engine knows; it fails at others, and at none.
bool IsDateFormat(std::string_view format);

}  // namespace cloister::sql
