#include "engine_worker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "enclave/protected_run.h"
#include "engine/database.h"
#include "engine/execute.h"
#include "engine/load.h"
#include "engine/plain_duckdb.h"
#include "engine_data.h"
#include "sealing/fd_stream.h"
#include "sealing/open_reader.h"
#include "tee/sandbox.h"
#include "workload.h"

namespace cloister::bench {
namespace {

constexpr engine::DatabaseLimits kLimits = {.memory_bytes = 8LL << 30, .threads = kEngineThreads};
constexpr int kRepetitions = 5;  // of a shape; the least counts

using Times = codec::JsonObject;

Result<double> Seconds(const std::function<Status()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  CLOISTER_TRY(work());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string ReadFunction(const std::string& format) { return format == "csv" ? "read_csv" : "read_parquet"; }

Status Make(const std::string& format, std::int64_t rows) {
  CLOISTER_ASSIGN(auto duckdb, engine::PlainDuckDb::Open(kEngineThreads));
  const std::string options = format == "csv" ? "FORMAT csv, HEADER" : "FORMAT parquet";
  return duckdb.Run("COPY (" + OrderLinesSql(rows) + ") TO '/proc/self/fd/1' (" + options + ", USE_TMP_FILE false)");
}

Result<Times> LoadPlain(const std::string& format, const std::string& path) {
  CLOISTER_ASSIGN(auto duckdb, engine::PlainDuckDb::Open(kEngineThreads));
  const std::string sql = "CREATE TABLE t AS SELECT * FROM " + ReadFunction(format) + "('" + path + "')";
  CLOISTER_ASSIGN(const double seconds, Seconds([&] { return duckdb.Run(sql); }));
  return Times{{"seconds", seconds}};
}

// As the enclave reads: only the end proves that it was the right object.
class OpenedSource final : public ByteSource {
 public:
  explicit OpenedSource(sealing::OpenReader reader) : reader_(std::move(reader)) {}
  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    if (rest_.empty()) {
      CLOISTER_ASSIGN(rest_, reader_.NextProvisional());
      if (rest_.empty()) ended_ = std::chrono::steady_clock::now();
    }
    const std::size_t count = std::min(into.size(), rest_.size());
    if (count != 0) std::memcpy(into.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }
  // When all of it was opened; what comes then is the engine's alone.
  std::chrono::steady_clock::time_point ended() const { return ended_; }

 private:
  std::chrono::steady_clock::time_point ended_;
  sealing::OpenReader reader_;
  ByteView rest_;
};

// The order of the enclave's start: open, cage, limits.
Result<std::unique_ptr<engine::Database>> Confined(std::vector<int> descriptors_kept) {
  CLOISTER_ASSIGN(auto opened, engine::UnconfinedDatabase::Open());
  descriptors_kept.push_back(opened.descriptor());
  CLOISTER_TRY(tee::EnterSandbox({.descriptors_kept = std::move(descriptors_kept)}));
  return std::move(opened).EnterSandboxedMode(kLimits);
}

Result<Times> LoadOurs(const std::string& format_name, const std::string& path, const std::string& identity_text) {
  const char* ref_text = std::getenv("CLOISTER_BENCH_REF");
  CLOISTER_ASSIGN(const auto ref_json, codec::ParseJson(ref_text == nullptr ? "" : ref_text));
  CLOISTER_ASSIGN(const auto ref, agreement::DecodeObjectRef(ref_json, "ref"));
  CLOISTER_ASSIGN(const auto identity, sealing::AgeIdentity::Parse(identity_text));
  CLOISTER_ASSIGN(const auto format, engine::ParseFileFormat(format_name));
  const int in = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return Unavailable("the sealed file cannot be opened");
  CLOISTER_ASSIGN(const auto database, Confined({in}));
  sealing::FdSource sealed(in);
  double opening_s = 0;
  const auto work = [&]() -> Status {
    const auto begin = std::chrono::steady_clock::now();
    CLOISTER_ASSIGN(auto reader, sealing::OpenReader::Start(
                                     ref, {.source = sealed, .identities = {&identity, 1}, .threads = kEngineThreads}));
    OpenedSource source(std::move(reader));
    CLOISTER_TRY(engine::LoadTable(*database,
                                   {.dataset = "ds_lines",
                                    .format = format,
                                    .schema = OrderLinesSchema(),
                                    .bytes_expected = static_cast<std::int64_t>(ref.length_bytes)},
                                   source));
    opening_s = std::chrono::duration<double>(source.ended() - begin).count();
    return {};
  };
  CLOISTER_ASSIGN(const double seconds, Seconds(work));
  return Times{{"seconds", seconds}, {"opening_seconds", opening_s}};
}

// The least of several runs of each; all have names.
template <typename Named>
Result<Times> TimeEach(const std::vector<Named>& all, const std::function<Status(const Named&)>& run) {
  Times times;
  for (int i = 0; i < kRepetitions; ++i) {
    for (const Named& one : all) {
      CLOISTER_ASSIGN(const double seconds, Seconds([&] { return run(one); }));
      const auto* least = times.if_contains(one.name);
      times[one.name] = least == nullptr ? seconds : std::min(seconds, least->get_double());
    }
  }
  return times;
}

// What is asked, and what must run first for its tables to be there.
struct Work {
  Questions questions;
  std::vector<std::string> set_up;
};

Work ShapeWork(std::int64_t persons) { return {.questions = ShapeQuestions(persons), .set_up = {}}; }

Result<Work> WorkloadWork(double scale) {
  CLOISTER_ASSIGN(auto questions, Workload());
  CLOISTER_ASSIGN(auto set_up, WorkloadSetUp(scale));
  return Work{.questions = std::move(questions), .set_up = std::move(set_up)};
}

// What an analyst would get from a plain database: his own text, and no protection at all.
Result<Times> TextsPlain(const Work& work) {
  CLOISTER_ASSIGN(auto duckdb, engine::PlainDuckDb::Open(kEngineThreads));
  for (const std::string& statement : work.set_up) CLOISTER_TRY(duckdb.Run(statement));
  if (work.set_up.empty()) {
    for (const ShapeTable& table : work.questions.tables)
      CLOISTER_TRY(duckdb.Run("CREATE TABLE " + table.name + " AS " + table.sql));
  }
  return TimeEach<ShapeText>(work.questions.texts, [&](const ShapeText& asked) { return duckdb.Run(asked.text); });
}

struct TableFile {
  ShapeTable table;
  int fd = -1;
};

// The same rows as Parquet in memory. DuckDB's threads end with it, so the sandbox can be entered afterwards.
Result<std::vector<TableFile>> WriteTables(const Work& work) {
  CLOISTER_ASSIGN(auto duckdb, engine::PlainDuckDb::Open(kEngineThreads));
  for (const std::string& statement : work.set_up) CLOISTER_TRY(duckdb.Run(statement));
  std::vector<TableFile> files;
  for (const ShapeTable& table : work.questions.tables) {
    const int fd = memfd_create("table", MFD_CLOEXEC);
    CLOISTER_TRY(duckdb.Run("COPY (" + table.sql + ") TO '/proc/self/fd/" + std::to_string(fd) +
                            "' (FORMAT parquet, USE_TMP_FILE false)"));
    files.push_back({.table = table, .fd = fd});
  }
  return files;
}

class FdByteSource final : public ByteSource {
 public:
  explicit FdByteSource(int fd) : source_(fd) {}
  Result<std::size_t> Read(std::span<std::uint8_t> into) override { return source_.Read(into); }

 private:
  sealing::FdSource source_;
};

Status LoadTables(engine::Database& database, const std::vector<TableFile>& files) {
  for (const TableFile& file : files) {
    const std::int64_t size = lseek(file.fd, 0, SEEK_END);
    lseek(file.fd, 0, SEEK_SET);
    FdByteSource source(file.fd);
    CLOISTER_TRY(engine::LoadTable(database,
                                   {.dataset = file.table.dataset,
                                    .format = engine::FileFormat::kParquet,
                                    .schema = file.table.schema,
                                    .bytes_expected = size},
                                   source));
  }
  return {};
}

class NoRows final : public engine::RowSink {
 public:
  Status Row(std::span<const engine::Value>) override { return {}; }
};

Result<Times> PlansOurs(const Work& work, agreement::Level level, bool guarded = false) {
  CLOISTER_ASSIGN(const auto files, WriteTables(work));
  CLOISTER_ASSIGN(const auto shapes, CompileShapes(work.questions, level, guarded));
  std::vector<int> descriptors;
  for (const TableFile& file : files) descriptors.push_back(file.fd);
  CLOISTER_ASSIGN(const auto database, Confined(std::move(descriptors)));
  CLOISTER_TRY(LoadTables(*database, files));
  const engine::ExecutionLimits limits{.time_ms = 600'000, .rows_max = 1 << 20, .result_bytes_max = 1 << 30};
  const SecretBytes noise_key(32);
  enclave::ReleaseHistory history;  // grows with the first run of each shape
  return TimeEach<Shape>(shapes, [&](const Shape& shape) -> Status {
    engine::Cancellation cancellation;
    NoRows sink;
    CLOISTER_TRY(enclave::ProtectedRun(*database, noise_key, &history).Run(shape.plan, limits, cancellation, sink));
    return {};
  });
}

Result<Times> Answer(const std::vector<std::string>& arguments) {
  const std::string& what = arguments[0];
  if (what == "make" && arguments.size() == 3) {
    CLOISTER_TRY(Make(arguments[1], std::stoll(arguments[2])));
    return Times{};
  }
  if (what == "load-plain" && arguments.size() == 3) return LoadPlain(arguments[1], arguments[2]);
  if (what == "load-ours" && arguments.size() == 4) return LoadOurs(arguments[1], arguments[2], arguments[3]);
  if (what == "texts-plain" && arguments.size() == 2) return TextsPlain(ShapeWork(std::stoll(arguments[1])));
  if (what == "full-ours" && arguments.size() == 2) {
    return PlansOurs(ShapeWork(std::stoll(arguments[1])), agreement::Level::kFullAccess);
  }
  if (what == "thresholds-ours" && arguments.size() == 2) {
    return PlansOurs(ShapeWork(std::stoll(arguments[1])), agreement::Level::kAggregateOnly);
  }
  if (what == "guarded-ours" && arguments.size() == 2) {
    return PlansOurs(ShapeWork(std::stoll(arguments[1])), agreement::Level::kAggregateOnly, true);
  }
  if (what == "noisy-ours" && arguments.size() == 2) {
    return PlansOurs(ShapeWork(std::stoll(arguments[1])), agreement::Level::kDifferentialPrivacy);
  }
  if (what.starts_with("workload-") && arguments.size() == 2) {
    CLOISTER_ASSIGN(const Work work, WorkloadWork(std::stod(arguments[1])));
    if (what == "workload-plain") return TextsPlain(work);
    if (what == "workload-ours") return PlansOurs(work, agreement::Level::kFullAccess);
  }
  return InvalidArgument("unknown work");
}

}  // namespace

int RunEngineWorker(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto times = Answer({argv + 1, argv + argc});
  if (!times) {
    std::fprintf(stderr, "%s %s\n", times.error().public_message.c_str(), times.error().detail.c_str());
    return 1;
  }
  std::fprintf(stderr, "%s\n", codec::WriteJson(*times).c_str());
  return 0;
}

Result<codec::JsonObject> ParseEngineReport(const std::string& errors) {
  CLOISTER_ASSIGN(const auto json, codec::ParseJson(errors.substr(0, errors.find('\n'))));
  if (!json.is_object()) return Unavailable("a worker gave no report");
  return json.get_object();
}

}  // namespace cloister::bench
