#pragma once

// Bars: what the product promises to measure up to, as programs. Each file bench/*_bars.cc registers its own:
//
//   const BarRegistration kSeal{{"seal-1-core", "sealing against Debian's age", MeasureSeal}};
//
// and CMakeLists.txt names the rooms it needs (cloister_bars). `cloister-bench --json` prints one line per
// bar.

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/json.h"

namespace cloister::bench {

enum class Bound { kAtLeast, kAtMost };

struct BarResult {
  double ratio = 0;
  double limit = 0;
  Bound bound = Bound::kAtLeast;
  std::string unit;  // what the ratio is a ratio of
  codec::JsonObject detail;

  bool Holds() const { return bound == Bound::kAtLeast ? ratio >= limit : ratio <= limit; }
};

struct BenchOptions {
  int pairs = 7;                    // interleaved runs of us and the peer; ratios are medians over them
  std::uint64_t file_bytes = 1 << 30;
};

// Errors mean "not measured here", with the reason: a peer that is not installed, too little memory.
struct Bar {
  std::string name;
  std::string title;
  std::function<Result<BarResult>(const BenchOptions&)> measure;
};

// A part of a measurement that needs a process of its own: `cloister-bench --worker NAME ARGUMENTS...`.
struct Worker {
  std::string name;
  std::function<int(int argc, char** argv)> run;  // argv[0] is the name; answers an exit code
};

std::vector<Bar>& Bars();
std::vector<Worker>& Workers();

struct BarRegistration {
  explicit BarRegistration(Bar bar) { Bars().push_back(std::move(bar)); }
};
struct WorkerRegistration {
  explicit WorkerRegistration(Worker worker) { Workers().push_back(std::move(worker)); }
};

double Median(std::vector<double> values);  // of at least one
double Rounded(double value);               // to a thousandth, which is more than any of this is good for

}  // namespace cloister::bench
