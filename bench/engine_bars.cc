// Loading and asking, ours against plain DuckDB on the same machine: each in a process of its own, in
// alternating order, both with two threads on two cores; the ratio is the median over the pairs.
//
// What is compared is the wall time of the work alone. Ours opens the sealed file, checks its content root
// and every value against the schema, all inside the sandbox; plain DuckDB reads the plain file with its
// defaults.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "agreement/object_ref.h"
#include "bar.h"
#include "base/rng.h"
#include "child.h"
#include "engine_data.h"
#include "engine_worker.h"
#include "sealing/age_identity.h"
#include "sealing/fd_stream.h"
#include "sealing/seal_writer.h"

namespace cloister::bench {
namespace {

class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("cloister-bench", 0)) {}
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int fd() const { return fd_; }
  // For a child, which inherits the descriptor.
  std::string path() const { return "/dev/fd/" + std::to_string(fd_); }
  std::int64_t size() const { return lseek(fd_, 0, SEEK_END); }

 private:
  int fd_;
};

Result<codec::JsonObject> RunWorker(const std::vector<std::string>& arguments,
                                    std::vector<std::string> environment = {}, int output_fd = -1) {
  std::vector<std::string> argv = {SelfPath(), "--worker", "engine"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  CLOISTER_ASSIGN(const Cost cost, RunChild({.argv = std::move(argv),
                                             .environment = std::move(environment),
                                             .cores = kEngineThreads,
                                             .undisturbed = true,
                                             .output_fd = output_fd}));
  return ParseEngineReport(cost.errors);
}

// One file of order lines, plain and sealed.
struct LoadFiles {
  MemoryFile plain, sealed;
  std::string identity;
  std::string ref;
};

Status SealFile(LoadFiles& files) {
  SystemRng rng;
  const auto identity = sealing::AgeIdentity::Generate(rng);
  const auto recipient = identity.recipient();
  files.identity = std::string(AsText(identity.SecretText().view()));
  sealing::FdSink sink(files.sealed.fd());
  CLOISTER_ASSIGN(auto writer,
                  sealing::SealWriter::Start({.recipients = {&recipient, 1}, .rng = rng, .sink = sink, .threads = 2}));
  lseek(files.plain.fd(), 0, SEEK_SET);
  sealing::FdSource source(files.plain.fd());
  while (true) {
    CLOISTER_ASSIGN(const auto room, writer.Reserve());
    CLOISTER_ASSIGN(const std::size_t count, source.Read(room));
    if (count == 0) break;
    CLOISTER_TRY(writer.Commit(count));
  }
  CLOISTER_ASSIGN(const auto ref, writer.Finish());
  files.ref = codec::CanonicalJson(agreement::EncodeObjectRef(ref));
  return {};
}

struct LoadComparison {
  std::string format;
  std::int64_t bytes_per_row = 0;
  double share_of_file_bytes = 1;  // of BenchOptions::file_bytes
  double limit = 0;
};

BarResult Summarise(const std::vector<double>& ratios, double limit, const std::string& unit) {
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  return {.ratio = Median(ratios),
          .limit = limit,
          .bound = Bound::kAtMost,
          .unit = unit,
          .detail = {{"ratio_min", *least}, {"ratio_max", *most}, {"pairs", ratios.size()}}};
}

Result<BarResult> CompareLoad(const LoadComparison& comparison, const BenchOptions& options) {
  LoadFiles files;
  const double bytes = static_cast<double>(options.file_bytes) * comparison.share_of_file_bytes;
  const auto rows = static_cast<std::int64_t>(bytes) / comparison.bytes_per_row;
  CLOISTER_TRY(RunWorker({"make", comparison.format, std::to_string(rows)}, {}, files.plain.fd()));
  CLOISTER_TRY(SealFile(files));
  std::vector<double> ratios, plain_s, our_s, opening_s;
  for (int pair = 0; pair < options.pairs; ++pair) {
    std::array<double, 2> seconds{};  // plain, ours
    for (int turn = 0; turn < 2; ++turn) {
      const bool ours = (pair + turn) % 2 != 0;
      CLOISTER_ASSIGN(const auto report,
                      ours ? RunWorker({"load-ours", comparison.format, files.sealed.path(), files.identity},
                                       {"CLOISTER_BENCH_REF=" + files.ref})
                           : RunWorker({"load-plain", comparison.format, files.plain.path()}));
      seconds[ours ? 1 : 0] = report.at("seconds").get_double();
      if (ours) opening_s.push_back(report.at("opening_seconds").get_double());
    }
    plain_s.push_back(seconds[0]);
    our_s.push_back(seconds[1]);
    ratios.push_back(seconds[1] / seconds[0]);
  }
  BarResult result =
      Summarise(ratios, comparison.limit, "wall time of plain DuckDB's load of the plain file, two cores");
  result.detail["plain_s"] = Median(plain_s);
  result.detail["ours_s"] = Median(our_s);
  result.detail["opening_s"] = Median(opening_s);
  result.detail["file_bytes"] = files.plain.size();
  return result;
}

struct Asked {
  std::string plain;   // the worker that runs the analyst's own texts
  std::string worker;  // the one that runs what the compiler makes of them
  std::string amount;  // of rows, as both take it
  double mean_limit = 0;
  double worst_limit = 0;
};

// Each shape against the analyst's own text without any protection; the bar is the geometric mean, and the slowest
// shape has a limit of its own.
Result<BarResult> CompareTexts(const Asked& by, const BenchOptions& options) {
  std::map<std::string, std::vector<double>> ratios;
  for (int pair = 0; pair < options.pairs; ++pair) {
    codec::JsonObject plain, ours;
    for (int turn = 0; turn < 2; ++turn) {
      const bool is_ours = (pair + turn) % 2 != 0;
      CLOISTER_ASSIGN((is_ours ? ours : plain), RunWorker({is_ours ? by.worker : by.plain, by.amount}));
    }
    for (const auto& [name, seconds] : ours) {
      ratios[name].push_back(seconds.get_double() / plain.at(name).get_double());
    }
  }
  BarResult result{.limit = by.mean_limit,
                   .bound = Bound::kAtMost,
                   .unit = "geometric mean over wall times of the analyst's own text in plain DuckDB, two cores"};
  double logarithms = 0;
  double worst = 0;
  for (const auto& [name, each] : ratios) {
    const double ratio = Median(each);
    result.detail[name] = Rounded(ratio);
    logarithms += std::log(ratio) / static_cast<double>(ratios.size());
    worst = std::max(worst, ratio);
  }
  result.detail["mean"] = Rounded(std::exp(logarithms));
  result.ratio = std::max(std::exp(logarithms), worst * by.mean_limit / by.worst_limit);
  return result;
}

Bar Loading(const std::string& name, const std::string& title, const LoadComparison& comparison) {
  return {name, title, [comparison](const BenchOptions& options) { return CompareLoad(comparison, options); }};
}

Bar Shapes(const std::string& name, const std::string& title, Asked by) {
  by.plain = "texts-plain";
  return {name, title, [by](const BenchOptions& options) {
            Asked asked = by;
            asked.amount = std::to_string(std::max<std::uint64_t>(1000, options.file_bytes >> 13));
            return CompareTexts(asked, options);
          }};
}

Result<BarResult> CompareWorkload(const BenchOptions& options) {
  const double scale = std::max(0.01, static_cast<double>(options.file_bytes) / (1LL << 32));
  return CompareTexts({.plain = "workload-plain",
                       .worker = "workload-ours",
                       .amount = std::to_string(scale),
                       .mean_limit = 1.05,
                       .worst_limit = 1.5},
                      options);
}

const WorkerRegistration kWorker{{"engine", RunEngineWorker}};
const BarRegistration kBars[] = {
    BarRegistration(Loading("load-csv", "opening and loading 1 GB of CSV",
                            {.format = "csv", .bytes_per_row = kOrderLinesCsvBytesPerRow, .limit = 1.25})),
    BarRegistration(Loading("load-parquet", "opening and loading 300 MB of Parquet",
                            {.format = "parquet",
                             .bytes_per_row = kOrderLinesParquetBytesPerRow,
                             .share_of_file_bytes = 0.29,
                             .limit = 1.15})),
    BarRegistration(Shapes("shapes-in-sandbox", "clean-room queries in the sandbox, unprotected",
                           {.worker = "full-ours", .mean_limit = 1.05, .worst_limit = 1.25})),
    BarRegistration(Bar{"workload-full-access", "22 business questions in the sandbox, unprotected", CompareWorkload}),
    BarRegistration(Shapes("shapes-with-thresholds", "clean-room queries with thresholds on persons",
                           {.worker = "thresholds-ours", .mean_limit = 2, .worst_limit = 6})),
    BarRegistration(Shapes("shapes-with-noise", "clean-room queries with noise",
                           {.worker = "noisy-ours", .mean_limit = 3, .worst_limit = 6})),
    BarRegistration(Shapes("shapes-with-guard", "clean-room queries under the guard against differencing",
                           {.worker = "guarded-ours", .mean_limit = 4, .worst_limit = 6})),
};

}  // namespace
}  // namespace cloister::bench
