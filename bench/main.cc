// cloister-bench --json [--only NAME]... [--pairs N] [--mib N] | --list | --worker NAME ARGUMENTS...
//
// Exit code 0 if every bar that was measured holds, 1 if one does not, 2 for a wrong command line.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>

#include "bar.h"

namespace cloister::bench {
namespace {

struct CommandLine {
  bool json = false;
  bool list = false;
  std::set<std::string> only;
  BenchOptions options;
};

std::optional<CommandLine> Parse(int argc, char** argv) {
  CommandLine line;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const bool has_value = i + 1 < argc;
    if (flag == "--json") {
      line.json = true;
    } else if (flag == "--list") {
      line.list = true;
    } else if (flag == "--only" && has_value) {
      line.only.insert(argv[++i]);
    } else if (flag == "--pairs" && has_value) {
      line.options.pairs = std::max(1, std::atoi(argv[++i]));
    } else if (flag == "--mib" && has_value) {
      line.options.file_bytes = static_cast<std::uint64_t>(std::max(1, std::atoi(argv[++i]))) << 20;
    } else {
      return std::nullopt;
    }
  }
  return line;
}

codec::JsonObject ToJson(const Bar& bar, const Result<BarResult>& result) {
  codec::JsonObject line{{"name", bar.name}};
  if (!result) {
    line["skipped"] = result.error().public_message;
    return line;
  }
  line["ratio"] = Rounded(result->ratio);
  line["limit"] = result->limit;
  line["bound"] = result->bound == Bound::kAtLeast ? "at least" : "at most";
  line["holds"] = result->Holds();
  line["unit"] = result->unit;
  line["detail"] = result->detail;
  return line;
}

void Print(const CommandLine& line, const Bar& bar, const Result<BarResult>& result) {
  if (line.json) {
    std::printf("%s\n", codec::CanonicalJson(ToJson(bar, result)).c_str());
  } else if (!result) {
    std::printf("skip  %-28s %s\n", bar.name.c_str(), result.error().public_message.c_str());
  } else {
    std::printf("%s  %-28s %6.2f (%s %.2f)  %s\n", result->Holds() ? "ok  " : "MISS", bar.name.c_str(),
                result->ratio, result->bound == Bound::kAtLeast ? "at least" : "at most", result->limit,
                bar.title.c_str());
  }
  std::fflush(stdout);
}

int Run(const CommandLine& line) {
  bool all_hold = true;
  std::size_t known = 0;
  for (const Bar& bar : Bars()) {
    if (!line.only.empty() && line.only.count(bar.name) == 0) continue;
    ++known;
    if (line.list) {
      std::printf("%-28s %s\n", bar.name.c_str(), bar.title.c_str());
      continue;
    }
    const auto result = bar.measure(line.options);
    all_hold = all_hold && (!result || result->Holds());
    Print(line, bar, result);
  }
  if (known < line.only.size()) {
    std::fprintf(stderr, "--only names a bar that is not here; --list shows them\n");
    return 2;
  }
  return all_hold ? 0 : 1;
}

int RunWorker(int argc, char** argv) {
  for (const Worker& worker : Workers()) {
    if (worker.name == argv[2]) return worker.run(argc - 2, argv + 2);
  }
  return 2;
}

int Main(int argc, char** argv) {
  if (argc > 2 && std::string(argv[1]) == "--worker") return RunWorker(argc, argv);
  const auto line = Parse(argc, argv);
  if (line) return Run(*line);
  std::fprintf(stderr, "usage: %s [--json] [--only NAME]... [--pairs N] [--mib N] | --list\n", argv[0]);
  return 2;
}

}  // namespace
}  // namespace cloister::bench

int main(int argc, char** argv) { return cloister::bench::Main(argc, argv); }
