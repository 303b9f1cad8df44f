// cloister-golden DIR [--record]
//
// Each DIR/*.test holds one policy and queries with what the compiler makes of them:
//
//   policy
//   {"datasets": [...], "analyst": "...", "level": "...", "cross_owner": true, "guard": false}
//   ---
//   query
//   SELECT ...
//   plan                      or: findings
//   SELECT ...                    R04 owner 7-12: sentence
//
// A plan with stages lists each before its last statement, with what protects its rows.
//   ---
//
// --record writes plan and findings as they are now; the diff is what a reviewer reads.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "codec/json.h"
#include "engine/statement_parser.h"
#include "sql/compile.h"

namespace cloister {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> Sections(const std::string& text) {
  std::vector<std::string> sections;
  constexpr std::string_view kRule = "---\n";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find("\n---\n", at), text.size());
    sections.push_back(text.substr(at, next - at));
    at = next + 1 + kRule.size();
  }
  return sections;
}

Result<sql::CompileRequest> ReadPolicy(const std::string& section) {
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(section.substr(section.find('\n') + 1)));
  codec::ObjectReader in(json, "policy");
  sql::CompileRequest request;
  request.analyst_organisation = in.String("analyst");
  request.level = in.String("level");
  request.cross_owner_joins_allowed = in.Bool("cross_owner");
  request.history_guard = in.OptionalBool("guard").value_or(false);
  for (const codec::Json& entry : in.Array("datasets", 16)) {
    codec::ObjectReader one(entry, "dataset");
    sql::CompileDataset dataset;
    dataset.name = one.String("name");
    dataset.id = "ds_" + dataset.name;
    dataset.organisation = one.String("organisation");
    CLOISTER_ASSIGN(dataset.schema, agreement::DecodeSchema(one.Any("schema"), "schema"));
    CLOISTER_ASSIGN(dataset.policy, agreement::DecodePolicy(one.Any("policy"), dataset.schema, "policy"));
    CLOISTER_TRY(one.Finish());
    request.datasets.push_back(std::move(dataset));
  }
  CLOISTER_TRY(in.Finish());
  return request;
}

// With a mend in its place, or with all of them in theirs, the query is admitted.
Status TryMends(sql::CompileRequest request, const sql::CompileVerdict& verdict, sql::StatementParser& parser) {
  const auto* findings = std::get_if<std::vector<sql::Finding>>(&verdict);
  if (findings == nullptr) return {};
  const auto put = [](std::string& into, const sql::Finding& finding) {
    into.replace(static_cast<std::size_t>(finding.range.from),
                 static_cast<std::size_t>(finding.range.to - finding.range.from), *finding.fix);
  };
  const std::string text = request.text;
  std::string all = text;
  for (auto finding = findings->rbegin(); finding != findings->rend(); ++finding) {
    if (finding->fix) put(all, *finding);
  }
  for (const sql::Finding& finding : *findings) {
    if (!finding.fix) continue;
    request.text = text;
    put(request.text, finding);
    CLOISTER_ASSIGN(const sql::CompileVerdict one, sql::Compile(request, parser));
    request.text = all;
    CLOISTER_ASSIGN(const sql::CompileVerdict together, sql::Compile(request, parser));
    const bool held = std::holds_alternative<sql::CompiledQuery>(one) ||
                      std::holds_alternative<sql::CompiledQuery>(together);
    if (!held) return InvalidArgument("a mend does not hold: " + *finding.fix + " in " + text);
  }
  return {};
}

Result<std::string> Compiled(sql::CompileRequest request, const std::string& text, sql::StatementParser& parser) {
  request.text = text;
  CLOISTER_ASSIGN(const sql::CompileVerdict verdict, sql::Compile(request, parser));
  CLOISTER_TRY(TryMends(request, verdict, parser));
  if (const auto* query = std::get_if<sql::CompiledQuery>(&verdict)) {
    std::string plan = "plan\n";
    for (const sql::PlanStage& stage : query->plan.stages()) {
      const codec::Json encoded = sql::EncodeStage(stage);
      plan += stage.table + ": " + stage.sql + "\n  " + codec::CanonicalJson(encoded.as_object().at("protection")) + "\n";
    }
    return plan + query->plan.sql();
  }
  std::string out = "findings";
  for (const sql::Finding& finding : std::get<std::vector<sql::Finding>>(verdict)) {
    out += "\n" + finding.rule + " " + finding.owner + " " + std::to_string(finding.range.from) + "-" +
           std::to_string(finding.range.to) + ": " + finding.message;
    if (finding.fix) out += " Instead: " + *finding.fix;
  }
  return out;
}

// The number of queries whose outcome is not what the file says.
Result<int> RunFile(const std::filesystem::path& path, bool record, sql::StatementParser& parser) {
  const std::vector<std::string> sections = Sections(ReadFile(path));
  if (sections.size() < 2) return InvalidArgument(path.string() + " has no query");
  CLOISTER_ASSIGN(const sql::CompileRequest request, ReadPolicy(sections[0]));
  std::string fresh = sections[0] + "\n---\n";
  int wrong = 0;
  for (std::size_t i = 1; i < sections.size(); ++i) {
    const std::string& section = sections[i];
    const std::size_t begin = section.find('\n') + 1;
    const std::size_t end =
        std::min({section.find("\nplan\n", begin), section.find("\nfindings\n", begin), section.size()});
    const std::string query = section.substr(begin, end - begin);
    CLOISTER_ASSIGN(const std::string now, Compiled(request, query, parser));
    const std::string expected = end < section.size() ? section.substr(end + 1) : "";
    fresh += "query\n" + query + "\n" + now + "\n---\n";
    if (now == expected || record) continue;
    ++wrong;
    std::printf("%s: %s\n  expected %s\n  got      %s\n", path.filename().c_str(), query.c_str(), expected.c_str(),
                now.c_str());
  }
  if (record) std::ofstream(path, std::ios::binary) << fresh;
  return wrong;
}

int Run(const std::string& folder, bool record) {
  auto parser = engine::DuckDbStatementParser::Open();
  if (!parser) return 2;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  int wrong = files.empty() ? 1 : 0;
  for (const auto& file : files) {
    const auto result = RunFile(file, record, **parser);
    if (!result) std::printf("%s\n", result.error().public_message.c_str());
    wrong += result ? *result : 1;
  }
  std::printf("%zu files, %d wrong\n", files.size(), wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace cloister

int main(int count, char** values) {
  if (count < 2) {
    std::fprintf(stderr, "usage: cloister-golden DIR [--record]\n");
    return 2;
  }
  return cloister::Run(values[1], count > 2 && std::string(values[2]) == "--record");
}
