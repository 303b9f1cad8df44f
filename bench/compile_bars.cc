// The compiler beside DuckDB's EXPLAIN of the same text on the same tables, its slowest hundredth, and a text four
// times as long. CPU time of this process.
#include <time.h>

#include <algorithm>
#include <string>

#include "agreement/policy.h"
#include "bar.h"
#include "engine/database.h"
#include "engine/database_internals.h"
#include "engine/statement_parser.h"
#include "sql/compile.h"

namespace cloister::bench {
namespace {

constexpr int kRounds = 20;
constexpr double kTailMillisecondsMax = 5;
constexpr double kGrowthMax = 1.5;

constexpr const char* kTexts[] = {
    "SELECT COUNT(*) FROM patients",
    "SELECT hospital, COUNT(*) AS n, AVG(cost) AS mean FROM patients GROUP BY hospital ORDER BY mean DESC",
    "SELECT hospital, COUNT(*) FILTER (WHERE age >= 65) AS seniors, COUNT(*) AS n FROM patients GROUP BY hospital",
    "SELECT p.diagnosis, c.plan, COUNT(*), SUM(c.amount) FROM patients p JOIN claims c ON c.member = p.id "
    "WHERE p.age BETWEEN 30 AND 49 GROUP BY p.diagnosis, c.plan HAVING COUNT(*) > 100",
    "WITH per AS (SELECT member, SUM(amount) AS total FROM claims GROUP BY member) SELECT COUNT(*), AVG(total) "
    "FROM per",
    "SELECT hospital, diagnosis, COUNT(*) FROM patients GROUP BY ROLLUP (hospital, diagnosis)",
    "SELECT hospital, COUNT(*) * 100.0 / (SELECT COUNT(*) FROM patients) AS share FROM patients GROUP BY hospital",
    "SELECT COUNT(*) FROM patients p WHERE p.id IN (SELECT member FROM claims WHERE plan = 'Gold')",
    "SELECT CASE WHEN age < 40 THEN 'young' ELSE 'old' END AS g, SUM(cost) FROM patients GROUP BY g",
    "SELECT hospital, n, RANK() OVER (ORDER BY n DESC) FROM (SELECT hospital, COUNT(*) AS n FROM patients GROUP BY "
    "hospital) WHERE n > 10 ORDER BY 3 LIMIT 5",
};

double CpuMilliseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct TableText {
  const char* name;
  const char* columns;  // of CREATE TABLE
  const char* schema;
  const char* policy;
};
constexpr TableText kTables[] = {
    {"patients", "id BIGINT, hospital VARCHAR, diagnosis VARCHAR, age INTEGER, cost DOUBLE",
     R"([{"name":"id","type":"BIGINT"},{"name":"hospital","type":"VARCHAR"},{"name":"diagnosis","type":"VARCHAR"},)"
     R"({"name":"age","type":"INTEGER"},{"name":"cost","type":"DOUBLE"}])",
     R"({"privacy_unit":"id","min_group_size":10,"columns":{"id":{"roles":["join_key"],"domain":"person"},)"
     R"("hospital":{"roles":["dimension"]},"diagnosis":{"roles":["dimension"]},)"
     R"("age":{"roles":["dimension","measure"],"bounds":[0,110],"filter_grid":1},)"
     R"("cost":{"roles":["measure"],"bounds":[0,100000],"filter_grid":1000}}})"},
    {"claims", "member BIGINT, plan VARCHAR, amount DOUBLE",
     R"([{"name":"member","type":"BIGINT"},{"name":"plan","type":"VARCHAR"},{"name":"amount","type":"DOUBLE"}])",
     R"({"privacy_unit":"member","min_group_size":15,"columns":{"member":{"roles":["join_key"],"domain":"person"},)"
     R"("plan":{"roles":["dimension"]},"amount":{"roles":["measure"],"bounds":[0,20000],"filter_grid":100}}})"}};

Result<sql::CompileRequest> MakeRequest() {
  sql::CompileRequest request;
  request.analyst_organisation = "analyst";
  request.cross_owner_joins_allowed = true;
  for (const TableText& table : kTables) {
    CLOISTER_ASSIGN(const codec::Json schema, codec::ParseJson(table.schema));
    CLOISTER_ASSIGN(const codec::Json policy, codec::ParseJson(table.policy));
    sql::CompileDataset dataset;
    dataset.id = std::string("ds_") + table.name;
    dataset.name = table.name;
    dataset.organisation = std::string("owner of ") + table.name;
    CLOISTER_ASSIGN(dataset.schema, agreement::DecodeSchema(schema, table.name));
    CLOISTER_ASSIGN(dataset.policy, agreement::DecodePolicy(policy, dataset.schema, table.name));
    request.datasets.push_back(std::move(dataset));
  }
  return request;
}

// Milliseconds of one compilation of the text, which must be admitted.
Result<double> Compiled(sql::CompileRequest& request, const std::string& text, sql::StatementParser& parser) {
  request.text = text;
  const double begin = CpuMilliseconds();
  CLOISTER_ASSIGN(const auto verdict, sql::Compile(request, parser));
  const double end = CpuMilliseconds();
  if (!std::holds_alternative<sql::CompiledQuery>(verdict)) return Internal("the compiler refuses: " + text);
  return end - begin;
}

class Explainer {
 public:
  static Result<Explainer> Open() {
    Explainer explainer;
    CLOISTER_ASSIGN(auto opened, engine::UnconfinedDatabase::Open());
    CLOISTER_ASSIGN(explainer.database_,
                    std::move(opened).EnterSandboxedMode({.memory_bytes = 1LL << 28, .threads = 1}));
    for (const TableText& table : kTables) {
      CLOISTER_TRY(explainer.Run(std::string("CREATE TABLE ") + table.name + " (" + table.columns + ")"));
    }
    return explainer;
  }
  Status Run(const std::string& text) {
    CLOISTER_ASSIGN(const auto connection, engine::Connect(database_->internals().database.get()));
    return engine::RunStatement(connection.get(), text, "bench");
  }

 private:
  std::unique_ptr<engine::Database> database_;
};

Result<BarResult> MeasureMedian(const BenchOptions& options) {
  CLOISTER_ASSIGN(const auto parser, engine::DuckDbStatementParser::Open());
  CLOISTER_ASSIGN(sql::CompileRequest request, MakeRequest());
  CLOISTER_ASSIGN(Explainer explainer, Explainer::Open());
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int round = 0; round < options.pairs * kRounds; ++round) {
    for (const char* text : kTexts) {
      CLOISTER_ASSIGN(const double own, Compiled(request, text, *parser));
      ours.push_back(own);
      const double begin = CpuMilliseconds();
      CLOISTER_TRY(explainer.Run(std::string("EXPLAIN ") + text));
      theirs.push_back(CpuMilliseconds() - begin);
    }
  }
  const double own = Median(ours);
  const double other = Median(theirs);
  return BarResult{.ratio = own / other,
                   .limit = 1,
                   .bound = Bound::kAtMost,
                   .unit = "times DuckDB's EXPLAIN",
                   .detail = {{"compile_ms", Rounded(own)}, {"explain_ms", Rounded(other)}}};
}

Result<BarResult> MeasureTail(const BenchOptions& options) {
  CLOISTER_ASSIGN(const auto parser, engine::DuckDbStatementParser::Open());
  CLOISTER_ASSIGN(sql::CompileRequest request, MakeRequest());
  std::vector<double> all;
  for (int round = 0; round < options.pairs * kRounds; ++round) {
    for (const char* text : kTexts) {
      CLOISTER_ASSIGN(const double own, Compiled(request, text, *parser));
      all.push_back(own);
    }
  }
  std::sort(all.begin(), all.end());
  return BarResult{.ratio = all[all.size() * 99 / 100],
                   .limit = kTailMillisecondsMax,
                   .bound = Bound::kAtMost,
                   .unit = "milliseconds",
                   .detail = {{"p50_ms", Rounded(all[all.size() / 2])}, {"compilations", all.size()}}};
}

std::string LongText(int values) {
  std::string text = "SELECT hospital, COUNT(*) FROM patients WHERE diagnosis IN (";
  for (int i = 0; i < values; ++i) text += (i == 0 ? "'" : ", '") + std::to_string(100000 + i) + "'";
  return text + ") GROUP BY hospital";
}

Result<BarResult> MeasureGrowth(const BenchOptions& options) {
  constexpr int kShort = 1000;
  constexpr int kFactor = 4;
  CLOISTER_ASSIGN(const auto parser, engine::DuckDbStatementParser::Open());
  CLOISTER_ASSIGN(sql::CompileRequest request, MakeRequest());
  std::vector<double> ratios;
  for (int pair = 0; pair < options.pairs; ++pair) {
    CLOISTER_ASSIGN(const double few, Compiled(request, LongText(kShort), *parser));
    CLOISTER_ASSIGN(const double many, Compiled(request, LongText(kShort * kFactor), *parser));
    ratios.push_back(many / few / kFactor);
  }
  return BarResult{.ratio = Median(ratios),
                   .limit = kGrowthMax,
                   .bound = Bound::kAtMost,
                   .unit = "times the time a byte, for a text four times as long",
                   .detail = {}};
}

const BarRegistration kMedian{{"compile-p50", "compiling against DuckDB's EXPLAIN", MeasureMedian}};
const BarRegistration kTail{{"compile-p99", "the slowest hundredth of compilations", MeasureTail}};
const BarRegistration kGrowth{{"compile-linear", "compiling a text four times as long", MeasureGrowth}};

}  // namespace
}  // namespace cloister::bench
