#pragma once

// What the tests of conditions can tell apart in one column: numbers from others, or single values.
//
//   age >= 40 AND age < 60                      together: 40 to 60
//   age >= 40 AND (sex = 'f' OR age = 97)       together: 40 and above; alone: nothing (sex), one value (97)

#include <cstdint>
#include <limits>
#include <vector>

#include "agreement/policy.h"
#include "sql/expr.h"

namespace cloister::sql {

struct TestedRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool single_values = false;  // an equality, a list, or what is not understood

  bool says_nothing() const;
};

struct ColumnTests {
  TestedRange together;
  // Each branch of OR and NOT, as if it stood by itself: a narrow one is narrow anyhow.
  std::vector<TestedRange> alone;
};

// Adds what `condition` tests of the column. LIKE 'x%' is left(column, n) = 'x' and says nothing where the prefix has
// no more than `prefix_max` characters.
void AddTests(const ExprPtr& condition, const Expr& column, std::int64_t prefix_max, ColumnTests& tests);

// Of the numeric steps that the owner generalises to; 0 without any.
double FinestWidth(const agreement::ColumnPolicy& policy);
double CoarsestWidth(const agreement::ColumnPolicy& policy);
// Of his steps such as "left(zip,4)": 4; 0 without any.
std::int64_t LongestPrefix(const agreement::ColumnPolicy& policy);

}  // namespace cloister::sql
