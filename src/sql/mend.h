#pragma once

// Mends: a text that may stand in the place of what a finding complains about. Passes and the tables here propose;
// only what compiles in the whole query is told. A pure function of text, policies and charter, like the compiler.
//
//   SELECT hospital, MAX(cost) FROM ...     R06 at MAX(cost)     QUANTILE_CONT(cost, 0.95)
//   SELECT plan, MAX(amount) FROM ...       R06 at MAX(amount)   AVG(amount)
//   ... WHERE cost > 1234                   R09 at 1234          1000
//
// Bounded: texts up to kMendTextBytesMax, kMendTrialsMax compilations for one query.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/finding.h"

namespace cloister::sql {

struct CompileRequest;

inline constexpr std::size_t kMendTextBytesMax = 8192;
inline constexpr int kMendTrialsMax = 12;

// What became of a text.
struct Tried {
  std::vector<Finding> findings;                            // none: it compiles
  std::optional<std::vector<std::string>> columns = {};     // names in its answer; nothing where they are not known
};
using MendTrial = std::function<Tried(const std::string& text)>;

// The findings of `original`, each with the first of its mends that holds: put in the place of its range the query
// compiles, or it does once the mends of all findings are, and the answer has the columns that it was asked for. A
// column that its query does not name may be called by what computes it now. A finding's range becomes the one that
// its mend stands for.
std::vector<Finding> WithMends(const CompileRequest& request, Tried original, const MendTrial& trial);

}  // namespace cloister::sql
