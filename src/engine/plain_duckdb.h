#pragma once

// DuckDB as it comes, without sandbox, limits or lock: what the benchmarks compare this room with, and what
// writes their files. Never part of the enclave.

#include <memory>
#include <string>

#include "base/result.h"

namespace cloister::engine {

class PlainDuckDb {
 public:
  // Other settings than the number of threads are DuckDB's defaults.
  static Result<PlainDuckDb> Open(int threads);
  ~PlainDuckDb();
  PlainDuckDb(PlainDuckDb&&) noexcept;
  PlainDuckDb& operator=(PlainDuckDb&&) noexcept;

  // Runs a statement and throws its rows away, each of them fetched.
  Status Run(const std::string& sql);

 private:
  struct Internals;
  explicit PlainDuckDb(std::unique_ptr<Internals> internals);
  std::unique_ptr<Internals> internals_;
};

}  // namespace cloister::engine
