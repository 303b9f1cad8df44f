#pragma once

#include "sql/parse/tree_reader.h"

namespace cloister::sql {

// The members of a FUNCTION node after class, type, alias and place; names by the whitelist, shorthands written out.
ExprPtr ParseFunction(TreeReader& in, ParseContext& context, TextRange range);
// unit in singular ("month"); nothing for units finer than a day.
std::optional<Interval> IntervalOf(std::string_view unit, std::int64_t count);
// Adds the finding for a name that is not on the whitelist.
void RefuseFunction(std::string_view name, TextRange range, ParseContext& context);

}  // namespace cloister::sql
