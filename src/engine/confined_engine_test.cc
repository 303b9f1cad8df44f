// The order in which the enclave starts, with the real sandbox: open, cage, limits, load, run. In a forked
// child, because there is no way back. A program of its own: no sanitizer's runtime survives the sandbox.

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "engine/database_for_test.h"
#include "engine/statement_parser.h"
#include "tee/sandbox.h"

namespace cloister::engine {
namespace {

using testing::Each;

struct Confined {
  int channel;
  Database& database;
  DuckDbStatementParser& parser;

  // write and read: the cage knows no sendto and no recvfrom.
  void Say(const std::string& text) const { (void)!write(channel, text.data(), text.size()); }
  void WaitForParent() const {
    std::array<char, 1> go{};
    (void)!read(channel, go.data(), go.size());
  }
};

void StartAndRun(int channel, const std::function<void(const Confined&)>& inside) {
  const auto say = [&](const std::string& text) { (void)!write(channel, text.data(), text.size()); };
  auto parser = DuckDbStatementParser::Open();
  auto opened = UnconfinedDatabase::Open();
  if (!parser || !opened) return say("not opened");
  auto status = tee::EnterSandbox({.descriptors_kept = {channel, opened->descriptor()}});
  if (!status) return say("no sandbox: " + status.error().public_message);
  auto database = std::move(*opened).EnterSandboxedMode({.memory_bytes = 256 << 20, .threads = 3});
  if (!database) return say("no limits: " + database.error().public_message + database.error().detail);
  inside({.channel = channel, .database = **database, .parser = **parser});
}

// What the child says before `ready` tells the parent that it waits; then the parent looks; then what it says
// in the end.
std::string InChild(const std::function<void(const Confined&)>& inside,
                    const std::function<void(pid_t)>& look = {}) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    StartAndRun(ends[1], inside);
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  std::array<char, 4096> buffer{};
  for (ssize_t count; (count = recv(ends[0], buffer.data(), buffer.size(), 0)) > 0;) {
    said.append(buffer.data(), static_cast<std::size_t>(count));
    if (said.ends_with("ready")) {
      if (look) look(pid);
      EXPECT_EQ(send(ends[0], "x", 1, MSG_NOSIGNAL), 1);
    }
  }
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  return said;
}

std::vector<std::string> StatusOfThreads(pid_t pid, const std::string& field) {
  std::vector<std::string> values;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(field + ":")) values.push_back(line.substr(line.find_last_of(" \t") + 1));
    }
  }
  return values;
}

std::string FileText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ConfinedEngine, EveryThreadOfTheEngineIsInTheCage) {
  const auto said = InChild(
      [](const Confined& confined) {
        confined.Say("ready");
        confined.WaitForParent();
      },
      [](pid_t pid) {
        const auto filters = StatusOfThreads(pid, "Seccomp");
        EXPECT_GE(filters.size(), 3u) << "threads = 3 has no effect";
        EXPECT_THAT(filters, Each("2"));
        EXPECT_THAT(StatusOfThreads(pid, "NoNewPrivs"), Each("1"));
        EXPECT_THAT(StatusOfThreads(pid, "CapEff"), Each("0000000000000000"));
      });
  EXPECT_EQ(said, "ready");
}

TEST(ConfinedEngine, LoadsEveryFormatAndRunsQueries) {
  const auto path =
      std::filesystem::temp_directory_path() / ("cloister_confined_" + std::to_string(getpid()) + ".parquet");
  {
    const auto writer = OpenSingleThreaded();
    const auto connection = Connect(writer->get());
    ASSERT_TRUE(
        RunStatement(connection->get(),
                     "COPY (SELECT i AS n, 'text of some length ' || i AS s FROM range(300000) t(i)) TO '" +
                         path.string() + "'",
                     "")
            .has_value());
  }
  const std::string parquet = FileText(path);
  std::filesystem::remove(path);
  std::string csv = "n,s\n";
  std::string json;
  for (int i = 0; i < 300'000; ++i) {
    csv += std::to_string(i) + ",text of some length " + std::to_string(i) + "\n";
    if (i < 20'000) json += "{\"n\":" + std::to_string(i) + "}\n";
  }
  const auto said = InChild([&](const Confined& confined) {
    const auto schema = SchemaForTest({{"n", "BIGINT"}, {"s", "VARCHAR"}});
    const auto load = [&](FileFormat format, const std::string& text, const std::string& dataset) {
      auto info = LoadText(confined.database, format, schema, text, dataset);
      confined.Say(info ? std::to_string(info->rows) + " "
                        : info.error().public_message + info.error().detail);
    };
    load(FileFormat::kCsv, csv, "ds_csv");
    load(FileFormat::kParquet, parquet, "ds_parquet");
    load(FileFormat::kJsonLines, json, "ds_json");
    auto rows = Select(confined.database,
                       "SELECT c.n % 3 AS g, count(*), sum(p.n), max(c.s) FROM ds_csv c JOIN ds_parquet p ON "
                       "c.s = p.s GROUP BY g ORDER BY g",
                       {"BIGINT", "BIGINT", "HUGEINT", "VARCHAR"});
    confined.Say(rows ? rows->back() : rows.error().public_message + rows.error().detail);
  });
  EXPECT_EQ(said, "300000 300000 20000 2|100000|15000050000|text of some length 99998");
}

TEST(ConfinedEngine, ParsesStopsAndFailsInsideAsOutside) {
  const auto said = InChild([](const Confined& confined) {
    const auto tree = confined.parser.Serialize("SELECT a FORM t");
    confined.Say(tree && tree->syntax_error ? "syntax " : "?");
    ExecutionLimits limits = kLimitsForTest;
    limits.time_ms = 100;
    auto late = Select(confined.database,
                       "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * 7919 + "
                       "b.range) % 1000003 = 17",
                       {"BIGINT"}, limits);
    confined.Say(std::string(CodeName(late.error().code)) + " ");
    auto large =
        Select(confined.database,
               "SELECT count(*) FROM (SELECT i, count(*) FROM range(50000000) t(i) GROUP BY i)", {"BIGINT"});
    confined.Say(std::string(CodeName(large.error().code)) + " ");
    auto file = RunAnything(confined.database, "SELECT * FROM read_text('/etc/passwd')");
    confined.Say(file ? "read a file" : "no file");
  });
  EXPECT_EQ(said, "syntax DEADLINE_EXCEEDED RESOURCE_EXHAUSTED no file");
}

}  // namespace
}  // namespace cloister::engine
