#pragma once

// The whole ledger of a verified environment, read and folded on this machine: what is in force, which manifests there
// are, how far each query is. Whoever holds the answer knows that every entry follows the rules, that every boot left
// evidence which its charter accepts, and that all of it is exactly the verified checkpoint's tree.

#include <string>
#include <vector>

#include "cli/session.h"
#include "cli/verify.h"
#include "ledger/audit.h"
#include "ledger/replay.h"

namespace cloister::cli {

// Entries 0 to the view's size, checked to have its root.
Result<std::vector<std::string>> FetchLedger(Session& session, const ledger::LedgerView& view);
// Folds and appraises; findings are part of the answer.
ledger::LedgerAudit AuditFetched(Session& session, const ledger::LedgerView& view,
                                 const std::vector<std::string>& entries);
struct ReplayedLedger {
  std::vector<std::string> entries;
  ledger::LedgerState state;  // after all of them
};
// Both; kVerificationFailed if anything in it does not hold.
Result<ReplayedLedger> ReadLedger(Session& session, const VerifiedEnvironment& environment);
// For whoever needs no texts.
Result<ledger::LedgerState> ReplayLedger(Session& session, const VerifiedEnvironment& environment);

}  // namespace cloister::cli
