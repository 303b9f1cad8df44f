#include "enclave/compilation.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/check.h"

namespace cloister::enclave {
namespace {

// Thumbprints; no list is everybody in the charter.
bool Names(const std::optional<std::vector<std::string>>& list, const agreement::Thumbprint& thumbprint) {
  return !list || std::find(list->begin(), list->end(), thumbprint) != list->end();
}

sql::Finding WholeText(const CompileQuestion& question, std::string rule, std::string owner, std::string message) {
  return {.rule = std::move(rule),
          .owner = std::move(owner),
          .severity = "error",
          .range = {0, static_cast<std::int64_t>(question.text.size())},
          .line = 1,
          .message = std::move(message),
          .fix = std::nullopt};
}

// Who may ask and who may receive is the owner's word, and no question of the text. An owner may always do both with
// his own.
void CheckPeople(const CompileQuestion& question, std::vector<sql::Finding>& findings) {
  for (const VisibleDataset& dataset : question.datasets) {
    const auto& policy = dataset.compile.policy;
    if (policy.IsPublic()) continue;
    const std::string& name = dataset.compile.name;
    if (dataset.owner != question.analyst && !Names(policy.may_query, question.analyst)) {
      findings.push_back(
          WholeText(question, "R27", dataset.compile.organisation,
                    "The owner of '" + name + "' has not listed you under may_query; ask him to add your thumbprint."));
    }
    for (const CompileQuestion::Person& person : question.recipients) {
      if (person.thumbprint == dataset.owner || Names(policy.may_receive, person.thumbprint)) continue;
      findings.push_back(WholeText(question, "R27", dataset.compile.organisation,
                                   "The owner of '" + name + "' has not listed the recipient " + person.thumbprint +
                                       " under may_receive; leave that recipient out or ask the owner to add it."));
    }
    if (!policy.limits.templates_only) continue;
    const auto obstacle = agreement::TemplateObstacle(policy.limits.templates, question.text, question.parameters);
    if (obstacle) {
      findings.push_back(
          WholeText(question, "R27", dataset.compile.organisation,
                    "Only what the owner of '" + name + "' wrote down may be asked: " + *obstacle + "."));
    }
  }
}

Result<codec::JsonObject> ReportObject(const std::string& canonical) {
  CLOISTER_ASSIGN(codec::Json json, codec::ParseJson(canonical));
  CLOISTER_CHECK(json.is_object());
  return std::move(json.get_object());
}

const VisibleDataset* FindDataset(const CompileQuestion& question, const std::string& id) {
  for (const VisibleDataset& dataset : question.datasets) {
    if (dataset.compile.id == id) return &dataset;
  }
  return nullptr;
}

Status FillAccepted(const CompileQuestion& question, sql::CompiledQuery compiled, CompileAnswer& answer) {
  std::set<agreement::Thumbprint> owners;
  for (const sql::DatasetUse& use : compiled.datasets) {
    const VisibleDataset* dataset = FindDataset(question, use.id);
    CLOISTER_CHECK(dataset != nullptr);  // the compiler knows only what it was shown
    CLOISTER_ASSIGN(DatasetId id, DatasetId::Parse(use.id));
    answer.charges.push_back({.dataset = std::move(id),
                              .runs = 1,
                              .epsilon = use.loss.epsilon.ToNumber(),
                              .delta = use.loss.delta.ToNumber(),
                              .rho = use.loss.rho.ToNumber()});
    owners.insert(dataset->owner);
  }
  answer.approvers.assign(owners.begin(), owners.end());
  CLOISTER_ASSIGN(answer.report, ReportObject(compiled.report));
  answer.compiled = std::move(compiled);
  return {};
}

}  // namespace

Result<CompileAnswer> AskCompiler(const CompileQuestion& question, sql::StatementParser& parser) {
  sql::CompileRequest request{.text = question.text,
                              .level = question.level,
                              .privacy = question.privacy,
                              .analyst_organisation = question.analyst_organisation,
                              .cross_owner_joins_allowed = question.cross_owner_joins};
  request.history_guard = true;
  for (const auto& parameter : question.parameters) request.parameters.emplace(parameter.key(), parameter.value());
  for (const VisibleDataset& dataset : question.datasets) request.datasets.push_back(dataset.compile);

  CompileAnswer answer;
  CLOISTER_ASSIGN(sql::CompileVerdict verdict, sql::Compile(request, parser));
  if (auto* refused = std::get_if<std::vector<sql::Finding>>(&verdict)) answer.findings = std::move(*refused);
  CheckPeople(question, answer.findings);
  if (const auto* compiled = std::get_if<sql::CompiledQuery>(&verdict); compiled && compiled->datasets.empty()) {
    // Nobody's data is read, so there is nobody who could approve it: the ledger has no place for such a report.
    answer.findings.push_back(WholeText(question, "R02", "cloister",
                                        "The query reads no dataset of this environment; name one in FROM."));
  }
  if (!answer.findings.empty()) return answer;
  CLOISTER_TRY(FillAccepted(question, std::get<sql::CompiledQuery>(std::move(verdict)), answer));
  return answer;
}

Result<CompileQuestion> QuestionOf(const ledger::LedgerState& state, const agreement::QueryRequest& request,
                                   const agreement::Thumbprint& submitter) {
  const ledger::CharterRecord* charter = state.in_force();
  if (charter == nullptr) return FailedPrecondition("no charter is in force");
  const agreement::Participant* analyst = charter->charter.Find(submitter);
  if (analyst == nullptr) return FailedPrecondition("the submitter is not a participant of the charter in force");

  CompileQuestion question{.text = request.text,
                           .parameters = request.parameters,
                           .level = std::string(agreement::LevelName(request.level)),
                           .privacy = request.privacy,
                           .analyst = submitter,
                           .analyst_organisation = analyst->organisation,
                           .cross_owner_joins = charter->charter.cross_owner_joins};
  for (const agreement::DatasetRead& read : request.datasets) {
    const ledger::ManifestRecord* manifest = state.ManifestInForce(read.dataset);
    if (manifest == nullptr || manifest->digest != read.manifest) {
      return FailedPrecondition("the manifest that the query names for " + read.dataset.str() + " is not in force");
    }
    const agreement::Thumbprint& owner = state.datasets().at(read.dataset).owner;
    question.datasets.push_back({.compile = {.id = read.dataset.str(),
                                             .name = manifest->manifest.name,
                                             .organisation = charter->charter.Find(owner)->organisation,
                                             .schema = manifest->manifest.schema,
                                             .policy = manifest->manifest.policy,
                                             .manifest = manifest->digest},
                                 .owner = owner});
  }
  for (const agreement::Thumbprint& recipient : request.recipients) {
    const agreement::Participant* person = charter->charter.Find(recipient);
    if (person == nullptr) return FailedPrecondition("a recipient is not a participant of the charter in force");
    question.recipients.push_back({.thumbprint = recipient, .organisation = person->organisation});
  }
  return question;
}

agreement::Report MakeReport(const ledger::LedgerState& state, const agreement::SignedLink& query,
                             const CompileAnswer& answer, Instant now) {
  const auto* request = query.As<agreement::QueryRequest>();
  CLOISTER_CHECK(request != nullptr);
  agreement::Report report{.environment = state.environment(),
                           .query = query.digest(),
                           .query_id = request->query,
                           .charter = request->charter,
                           .accepted = std::nullopt,
                           .charges = answer.charges,
                           .recipients = request->recipients,
                           .approvers = answer.approvers,
                           .findings = {},
                           .time = now};
  if (answer.compiled) {
    report.accepted = agreement::Report::Accepted{
        .plan = answer.compiled->plan_digest, .report_digest = answer.compiled->report_digest, .report = answer.report};
  }
  for (const sql::Finding& finding : answer.findings) {
    if (report.findings.size() == agreement::kFindingsMax) break;
    report.findings.push_back({.rule = finding.rule,
                               .owner = finding.owner,
                               .severity = finding.severity,
                               .from = finding.range.from,
                               .to = finding.range.to,
                               .line = finding.line,
                               .message = finding.message,
                               .fix = finding.fix});
  }
  return report;
}

}  // namespace cloister::enclave
