#pragma once

// One sealing or opening in a process of its own, as Debian's `age` is one: both pay for start, reading and
// writing.

#include <cstdint>
#include <string>

namespace cloister::bench {

// argv: "seal", then "seal" | "seal-root" | "open" | "open-root", threads, recipient or identity, input path;
// the output is stdout, the report stderr. "open-root" takes the reference from the environment variable
// CLOISTER_BENCH_REF. Answers an exit code.
int RunSealWorker(int argc, char** argv);

struct WorkerReport {
  std::string ref;  // of "seal-root": header digest, length and root
  std::uint64_t peak_kib = 0;
};
WorkerReport ParseWorkerReport(const std::string& errors);

}  // namespace cloister::bench
