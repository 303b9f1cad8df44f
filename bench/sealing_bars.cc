// Sealing against Debian's `age`, process against process: both start, read a file of random bytes and write
// one, in tmpfs (memfd), on the same cores, in alternating order; the ratio is the median over the pairs.
//
// Both write over a file that has its pages already. First touch of memory costs both tools the same seconds,
// moves by a factor of five on a virtual machine, and would drown what is compared.
// On one core cost is CPU seconds, user and system: what a core is busy for, whoever else uses it in between.
// On two cores it is wall time, of real-time processes where we may have them; age may use both cores as
// well.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>

#include "bar.h"
#include "base/rng.h"
#include "child.h"
#include "seal_worker.h"
#include "sealing/age_identity.h"
#include "sealing/fd_stream.h"

namespace cloister::bench {
namespace {

// A file without a name, which is gone when this process is.
class TemporaryFile {
 public:
  TemporaryFile() : fd_(memfd_create("cloister-bench", 0)) {}
  ~TemporaryFile() { close(fd_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int fd() const { return fd_; }
  // For a child, which inherits the descriptor.
  std::string path() const { return "/dev/fd/" + std::to_string(fd_); }
  std::uint64_t size() const { return static_cast<std::uint64_t>(lseek(fd_, 0, SEEK_END)); }
  void Rewind() const { (void)lseek(fd_, 0, SEEK_SET); }
  // Cuts off what an earlier, longer content left behind the position that a child wrote up to.
  bool EndHere() const { return ftruncate(fd_, lseek(fd_, 0, SEEK_CUR)) == 0; }

 private:
  int fd_;
};

struct Keys {
  std::string recipient;
  std::string identity;
};

// The three files that all bars share: random plaintext, the same sealed, and the same opened again.
class SealingBench {
 public:
  static Result<std::shared_ptr<SealingBench>> Prepare(const BenchOptions& options);

  Command Age(bool seal, int cores) const;
  Command Ours(const std::string& what, int cores) const;
  // Runs `command` over the output file of its direction.
  Result<Cost> Run(Command command, bool seal);

  Status CheckPlaintext() const;

 private:
  Status Fill(const BenchOptions& options);
  const TemporaryFile& OutputOf(bool seal) const { return seal ? sealed_ : opened_; }

  TemporaryFile plain_, sealed_, opened_, key_;
  Keys keys_;
  std::string ref_;  // of what lies in sealed_, if we made it with its root
};

Result<std::shared_ptr<SealingBench>> SealingBench::Prepare(const BenchOptions& options) {
  static std::shared_ptr<SealingBench> prepared;
  if (prepared != nullptr) return prepared;
  if (auto found = RunChild({.argv = {"age", "--version"}}); !found) {
    return FailedPrecondition("the peer `age` is not installed (apt-get install age)");
  }
  auto bench = std::make_shared<SealingBench>();
  CLOISTER_TRY(bench->Fill(options));
  prepared = bench;
  return prepared;
}

Status SealingBench::Fill(const BenchOptions& options) {
  SystemRng rng;
  Bytes piece(1 << 20);
  sealing::FdSink plain(plain_.fd());
  sealing::FdSink opened(opened_.fd());
  for (std::uint64_t done = 0; done < options.file_bytes; done += piece.size()) {
    rng.Fill(piece);
    CLOISTER_TRY(plain.Write(piece));
    CLOISTER_TRY(opened.Write(piece));
  }
  const auto identity = sealing::AgeIdentity::Generate(rng);
  keys_ = {.recipient = identity.recipient().Text(),
           .identity = std::string(AsText(identity.SecretText().view()))};
  sealing::FdSink key(key_.fd());
  CLOISTER_TRY(key.Write(AsBytes(keys_.identity)));
  // Gives sealed_ its pages, and every opening something to open.
  CLOISTER_TRY(Run(Ours("seal-root", 1), true));
  return {};
}

Command SealingBench::Age(bool seal, int cores) const {
  Command command{.cores = cores, .undisturbed = cores > 1};
  command.argv = seal ? std::vector<std::string>{"age", "-r", keys_.recipient, plain_.path()}
                      : std::vector<std::string>{"age", "-d", "-i", key_.path(), sealed_.path()};
  return command;
}

Command SealingBench::Ours(const std::string& what, int cores) const {
  const bool seal = what.starts_with("seal");
  return {.argv = {SelfPath(), "--worker", "seal", what, std::to_string(cores),
                   seal ? keys_.recipient : keys_.identity, seal ? plain_.path() : sealed_.path()},
          .environment = {"CLOISTER_BENCH_REF=" + ref_},
          .cores = cores,
          .undisturbed = cores > 1};
}

Result<Cost> SealingBench::Run(Command command, bool seal) {
  const TemporaryFile& output = OutputOf(seal);
  output.Rewind();
  command.output_fd = output.fd();
  CLOISTER_ASSIGN(Cost cost, RunChild(command));
  if (!output.EndHere()) return Unavailable("the output could not be cut to its length");
  if (seal) ref_ = ParseWorkerReport(cost.errors).ref;
  return cost;
}

// That what was timed did its work.
Status SealingBench::CheckPlaintext() const {
  const std::uint64_t size = plain_.size();
  if (opened_.size() != size) return Internal("opening gave another size back");
  void* plain = mmap(nullptr, size, PROT_READ, MAP_SHARED, plain_.fd(), 0);
  void* opened = mmap(nullptr, size, PROT_READ, MAP_SHARED, opened_.fd(), 0);
  const bool same = plain != MAP_FAILED && opened != MAP_FAILED && std::memcmp(plain, opened, size) == 0;
  munmap(plain, size);
  munmap(opened, size);
  return same ? Status() : Internal("opening gave other bytes back");
}

struct Comparison {
  std::string what;  // "seal", "seal-root", "open", "open-root"
  int cores = 1;
  double limit = 0;
};

struct Samples {
  std::vector<double> age_s, our_s, ratios, other_ratios;
};

void Add(Samples& samples, const Comparison& comparison, const Cost& age, const Cost& ours) {
  const double cpu = age.cpu_s / ours.cpu_s;
  const double wall = age.wall_s / ours.wall_s;
  const bool by_cpu = comparison.cores == 1;
  samples.age_s.push_back(by_cpu ? age.cpu_s : age.wall_s);
  samples.our_s.push_back(by_cpu ? ours.cpu_s : ours.wall_s);
  samples.ratios.push_back(by_cpu ? cpu : wall);
  samples.other_ratios.push_back(by_cpu ? wall : cpu);
}

BarResult Summarise(const Samples& samples, const Comparison& comparison, const BenchOptions& options) {
  const bool by_cpu = comparison.cores == 1;
  const double gigabytes = static_cast<double>(options.file_bytes) / 1e9;
  const auto [least, most] = std::minmax_element(samples.ratios.begin(), samples.ratios.end());
  return {.ratio = Median(samples.ratios),
          .limit = comparison.limit,
          .bound = Bound::kAtLeast,
          .unit = by_cpu ? "speed of Debian's age, by CPU seconds on one core"
                         : "speed of Debian's age, by wall time on two cores",
          .detail = {{"ours_gb_per_s", Rounded(gigabytes / Median(samples.our_s))},
                     {"age_gb_per_s", Rounded(gigabytes / Median(samples.age_s))},
                     {"ratio_min", Rounded(*least)},
                     {"ratio_max", Rounded(*most)},
                     {by_cpu ? "ratio_by_wall" : "ratio_by_cpu", Rounded(Median(samples.other_ratios))},
                     {"pairs", samples.ratios.size()},
                     {"file_bytes", options.file_bytes}}};
}

Result<BarResult> Compare(const Comparison& comparison, const BenchOptions& options) {
  CLOISTER_ASSIGN(const auto bench, SealingBench::Prepare(options));
  const bool seal = comparison.what.starts_with("seal");
  if (!seal) CLOISTER_TRY(bench->Run(bench->Ours("seal-root", 1), true));
  Samples samples;
  for (int pair = 0; pair < options.pairs; ++pair) {
    // Whoever is second finds the input in the caches, so they take turns.
    std::array<Cost, 2> costs;  // age, ours
    for (int turn = 0; turn < 2; ++turn) {
      const bool ours = (pair + turn) % 2 != 0;
      const Command command =
          ours ? bench->Ours(comparison.what, comparison.cores) : bench->Age(seal, comparison.cores);
      CLOISTER_ASSIGN(costs[ours ? 1 : 0], bench->Run(command, seal));
      if (ours && pair == 0 && !seal) CLOISTER_TRY(bench->CheckPlaintext());
    }
    Add(samples, comparison, costs[0], costs[1]);
  }
  return Summarise(samples, comparison, options);
}

// Peak memory with a large file over peak memory with a small one. The input is a hole and the output
// /dev/null: only what the process itself holds counts.
Result<std::uint64_t> SealingPeakKib(std::uint64_t bytes, int threads) {
  const TemporaryFile hole;
  if (ftruncate(hole.fd(), static_cast<off_t>(bytes)) != 0) return Unavailable("no room for a hole");
  SystemRng rng;
  const std::string recipient = sealing::AgeIdentity::Generate(rng).recipient().Text();
  CLOISTER_ASSIGN(const Cost cost, RunChild({.argv = {SelfPath(), "--worker", "seal", "seal-root",
                                                      std::to_string(threads), recipient, hole.path()}}));
  return ParseWorkerReport(cost.errors).peak_kib;
}

Result<BarResult> CompareMemory(int threads) {
  constexpr std::uint64_t kSmallBytes = 1'000'000;
  constexpr std::uint64_t kLargeBytes = 2'000'000'000;
  CLOISTER_ASSIGN(const std::uint64_t small_kib, SealingPeakKib(kSmallBytes, threads));
  CLOISTER_ASSIGN(const std::uint64_t large_kib, SealingPeakKib(kLargeBytes, threads));
  return BarResult{.ratio = static_cast<double>(large_kib) / static_cast<double>(small_kib),
                   .limit = 1.25,
                   .bound = Bound::kAtMost,
                   .unit = "peak memory of sealing 2 GB over that of sealing 1 MB",
                   .detail = {{"peak_kib_1mb", small_kib},
                              {"peak_kib_2gb", large_kib},
                              {"threads", threads}}};
}

Bar Against(const std::string& name, const std::string& title, const Comparison& comparison) {
  return {name, title, [comparison](const BenchOptions& options) { return Compare(comparison, options); }};
}

const WorkerRegistration kWorker{{"seal", RunSealWorker}};
const BarRegistration kBars[] = {
    BarRegistration(Against("age-seal-1-core", "the age format alone, sealing", {"seal", 1, 1.4})),
    BarRegistration(Against("age-open-1-core", "the age format alone, opening", {"open", 1, 1.4})),
    BarRegistration(Against("root-seal-1-core", "sealing with the content root", {"seal-root", 1, 0.55})),
    BarRegistration(Against("root-open-1-core", "opening with the content root", {"open-root", 1, 0.55})),
    BarRegistration(Against("root-seal-2-cores", "sealing with the content root", {"seal-root", 2, 1.1})),
    BarRegistration(Against("root-open-2-cores", "opening with the content root", {"open-root", 2, 1.3})),
    BarRegistration({"seal-memory-1-thread", "memory of sealing, 2 GB against 1 MB",
                     [](const BenchOptions&) { return CompareMemory(1); }}),
    BarRegistration({"seal-memory-2-threads", "memory of sealing, 2 GB against 1 MB",
                     [](const BenchOptions&) { return CompareMemory(2); }}),
};

}  // namespace
}  // namespace cloister::bench
