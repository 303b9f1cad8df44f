#pragma once

// The 22 business questions of TPC-H, re-expressed, over tables of the same shape (workload/gen.sql). Neither the rows
// nor the numbers are TPC-H's: derived from it, and not to be called its results.

#include <string>
#include <vector>

#include "engine_data.h"

namespace cloister::bench {

// Statements that make the tables in a plain DuckDB, at `scale` times 1.5 million orders. They are left there under
// the names that the questions use.
Result<std::vector<std::string>> WorkloadSetUp(double scale);

// The questions, and the tables, each of whose columns its owner makes public; their `sql` reads what the set-up made.
Result<Questions> Workload();

}  // namespace cloister::bench
