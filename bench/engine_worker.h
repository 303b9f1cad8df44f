#pragma once

// The engine's measurements in processes of their own: plain DuckDB, and ours inside its sandbox.
//
//   engine make csv|parquet ROWS                 order lines to standard output
//   engine load-plain csv|parquet PATH           CREATE TABLE AS, DuckDB's defaults
//   engine load-ours csv|parquet PATH IDENTITY   open the sealed file and load it; its reference is in
//   CLOISTER_BENCH_REF
//   engine texts-plain PERSONS                   the analyst's texts of the clean-room shapes, in plain DuckDB
//   engine full-ours|thresholds-ours|guarded-ours|noisy-ours PERSONS   what the compiler makes of them, by level
//   engine workload-plain|workload-ours SCALE    the 22 questions of workload.h, as rows
//
// The report on standard error is JSON: {"seconds":1.5} or {"overlap":0.01,...}, the time of the work alone,
// without the start of the process.

#include <string>

#include "base/result.h"
#include "codec/json.h"

namespace cloister::bench {

inline constexpr int kEngineThreads = 2;

// Answers an exit code.
int RunEngineWorker(int argc, char** argv);

// What a worker wrote to its standard error.
Result<codec::JsonObject> ParseEngineReport(const std::string& errors);

}  // namespace cloister::bench
