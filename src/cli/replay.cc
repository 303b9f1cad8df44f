#include "cli/replay.h"

#include <algorithm>
#include <iterator>

#include "cli/ledger_reader.h"
#include "cli/progress.h"

namespace cloister::cli {
namespace {

Status CheckAreTheState(const std::vector<std::string>& entries, const ledger::LedgerView& view) {
  crypto::MerkleAccumulator tree;
  for (const std::string& entry : entries) tree.AddLeaf(crypto::MerkleLeaf(AsBytes(entry)));
  if (tree.size() == view.point.size && tree.Root() == view.point.root) return {};
  return VerificationFailed("the entries that the server shows are not those of the verified checkpoint");
}

Status AppraiseBoot(const ledger::Entry& boot, const agreement::Charter& charter, Instant now) {
  CLOISTER_ASSIGN(const auto terms, attestation::ReadTerms(agreement::EncodeCharter(charter)));
  CLOISTER_ASSIGN(const auto appraisal, attestation::AppraiseBootEntry(ledger::EncodeEntryJson(boot), terms, now));
  if (appraisal.result() != nullptr) return {};
  return VerificationFailed(appraisal.findings().front().meaning);
}

}  // namespace

Result<std::vector<std::string>> FetchLedger(Session& session, const ledger::LedgerView& view) {
  LedgerReader reader(session, view.environment);
  Progress progress(session.out(), session.context().clock, {.label = "reading the ledger"});
  std::vector<std::string> entries;
  std::uint64_t bytes = 0;
  for (std::uint64_t at = 0; at < view.point.size; at += kEntriesPerRequestMax) {
    CLOISTER_ASSIGN(auto some, reader.Entries(at, std::min(at + kEntriesPerRequestMax, view.point.size)));
    for (const std::string& entry : some) bytes += entry.size();
    progress.Advance(bytes);
    std::ranges::move(some, std::back_inserter(entries));
  }
  CLOISTER_TRY(CheckAreTheState(entries, view));
  return entries;
}

ledger::LedgerAudit AuditFetched(Session& session, const ledger::LedgerView& view,
                                 const std::vector<std::string>& entries) {
  const Instant now = session.context().clock.Now();
  return ledger::AuditLedger({.environment = view.environment,
                              .entries = entries,
                              .checkpoint = view.checkpoint,
                              .appraise = [now](const ledger::Entry& boot, const agreement::Charter& charter) {
                                return AppraiseBoot(boot, charter, now);
                              }});
}

Result<ledger::LedgerState> ReplayLedger(Session& session, const VerifiedEnvironment& environment) {
  CLOISTER_ASSIGN(ReplayedLedger replayed, ReadLedger(session, environment));
  return std::move(replayed.state);
}

Result<ReplayedLedger> ReadLedger(Session& session, const VerifiedEnvironment& environment) {
  CLOISTER_ASSIGN(auto entries, FetchLedger(session, environment.view()));
  ledger::LedgerAudit audit = AuditFetched(session, environment.view(), entries);
  if (audit.findings.empty()) return ReplayedLedger{std::move(entries), std::move(audit.state)};
  const ledger::AuditFinding& first = audit.findings.front();
  return VerificationFailed("the ledger does not hold at entry " + std::to_string(first.entry) + ": " + first.message);
}

}  // namespace cloister::cli
