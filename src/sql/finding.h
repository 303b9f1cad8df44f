#pragma once

// Why a query is refused: which rule, whose, where in the text, and how to mend it. All findings of a query are
// collected; a finding depends on the text, the policies and the charter only, never on data.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloister::sql {

// Bytes [from, to) of the analyst's text.
struct TextRange {
  std::int64_t from = 0;
  std::int64_t to = 0;
  bool operator==(const TextRange&) const = default;
};

struct Finding {
  std::string rule;      // "R01".."R29"
  std::string owner;     // the organisation whose policy says so; "cloister" for rules that hold for everyone
  std::string severity;  // "error": the query does not run because of it
  TextRange range;
  std::int64_t line = 1;           // of range.from, counted from 1
  std::string message;             // one sentence: what is wrong, and what would be right
  std::optional<std::string> fix;  // a text that would pass in the place of the range, where one exists
};

}  // namespace cloister::sql
