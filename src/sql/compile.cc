#include "sql/compile.h"

#include <set>

#include "codec/text.h"
#include "crypto/digest.h"
#include "sql/explain/report.h"
#include "sql/lower/lower.h"
#include "sql/lower/noisy_stages.h"
#include "sql/mend.h"
#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

Status CheckRequest(const CompileRequest& request) {
  std::set<std::string> names;
  for (const CompileDataset& dataset : request.datasets) {
    if (!names.insert(LowerCase(dataset.name)).second)
      return InvalidArgument("two datasets are called " + dataset.name);
    if (!names.insert("dataset_" + LowerCase(dataset.id)).second)
      return InvalidArgument("two datasets have the id " + dataset.id);
  }
  return {};
}

bool CheckText(const CompileRequest& request, Findings& findings) {
  if (request.text.size() > kQueryBytesMax) {
    findings.Add({"R23", {0, 1}, "A query has at most " + std::to_string(kQueryBytesMax) + " bytes."});
  } else if (!codec::IsValidUtf8(request.text) || request.text.find('\0') != std::string::npos) {
    findings.Add({"R01", findings.Whole(), "A query is UTF-8 text without zero bytes."});
  }
  return findings.empty();
}

// A text that went through the compiler.
struct Attempt {
  CompileVerdict verdict;
  std::optional<std::vector<std::string>> columns;  // names in its answer; nothing where it could not be bound
};

std::vector<std::string> NamesOf(const BoundQuery& bound) {
  std::vector<std::string> names;
  for (const OutputColumn& column : bound.root()->columns) names.push_back(column.name);
  return names;
}

// The stages in their order; nothing when one of them has findings.
std::optional<CompiledQuery> Stages(const CompileRequest& request, const StatementTree& tree, Findings& findings,
                                    std::optional<std::vector<std::string>>& columns) {
  const auto parsed = ParsedQuery::Parse({request.text, &request.parameters}, tree, findings);
  if (!parsed) return std::nullopt;
  auto bound = BoundQuery::Bind(*parsed, request, findings);
  if (!bound) return std::nullopt;
  columns = NamesOf(*bound);
  const auto permitted = PermittedQuery::Permit(std::move(*bound), request, findings);
  if (!permitted) return std::nullopt;
  const PrivateQuery protected_query = PrivateQuery::Protect(*permitted);
  ExecutablePlan plan = PlanBuilder::Build(protected_query, request.history_guard);
  if (const std::string problem = NoiseProblem(plan.stages()); !problem.empty()) {
    findings.Add({"R25", findings.Whole(),
                  "The noise cannot be made with so little to spend: " + problem +
                      "; ask for more epsilon and delta, or for fewer aggregates."});
    return std::nullopt;
  }
  Report report = Explain(protected_query, plan);
  const Digest256 plan_digest = crypto::Sha256(AsBytes(plan.canonical()));
  const Digest256 report_digest = crypto::Sha256(AsBytes(report.canonical));
  return CompiledQuery{std::move(plan), std::move(report.canonical), plan_digest, report_digest,
                       std::move(report.datasets)};
}

// Levels that are unknown or not offered are refused whatever the text is; the text's own findings come first.
void CheckLevelName(const CompileRequest& request, Findings& findings) {
  if (agreement::ParseLevel(request.level)) return;
  findings.Add(
      {"R27", findings.Whole(),
       "There is no such privacy level; choose aggregate_only, k_anonymized, differential_privacy or full_access."});
}

Result<Attempt> CompileOnce(const CompileRequest& request, StatementParser& parser) {
  Findings findings(request.text);
  std::optional<std::vector<std::string>> columns;
  CheckLevelName(request, findings);
  if (CheckText(request, findings)) {
    CLOISTER_ASSIGN(const StatementTree tree, parser.Serialize(request.text));
    auto compiled = Stages(request, tree, findings, columns);
    if (compiled && findings.empty()) return Attempt{std::move(*compiled), std::move(columns)};
  }
  if (findings.empty()) findings.Add({"R01", findings.Whole(), "The query is not admitted."});
  return Attempt{findings.Take(), std::move(columns)};
}

}  // namespace

Result<CompileVerdict> Compile(const CompileRequest& request, StatementParser& parser) {
  CLOISTER_TRY(CheckRequest(request));
  CLOISTER_ASSIGN(Attempt attempt, CompileOnce(request, parser));
  auto* findings = std::get_if<std::vector<Finding>>(&attempt.verdict);
  if (findings == nullptr) return std::move(attempt.verdict);
  CompileRequest mended = request;
  const MendTrial trial = [&](const std::string& text) {
    mended.text = text;
    auto tried = CompileOnce(mended, parser);
    // A parser that fails now is no mend, and no error of the query's.
    if (!tried) return Tried{std::vector<Finding>(kFindingsMax)};
    auto* left = std::get_if<std::vector<Finding>>(&tried->verdict);
    return Tried{left == nullptr ? std::vector<Finding>() : std::move(*left), std::move(tried->columns)};
  };
  return CompileVerdict(WithMends(request, {std::move(*findings), std::move(attempt.columns)}, trial));
}

codec::Json EncodeFindings(const std::vector<Finding>& findings) {
  codec::JsonArray out;
  for (const Finding& finding : findings) {
    codec::JsonObject entry{{"rule", finding.rule},       {"owner", finding.owner}, {"severity", finding.severity},
                            {"from", finding.range.from}, {"to", finding.range.to}, {"line", finding.line},
                            {"message", finding.message}};
    if (finding.fix) entry["fix"] = *finding.fix;
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace cloister::sql
