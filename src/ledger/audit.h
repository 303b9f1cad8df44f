#pragma once

// Checking a whole ledger, or one receipt against it, without trusting whoever handed it over.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/enclave_documents.h"
#include "base/id.h"
#include "base/result.h"
#include "ledger/replay.h"

namespace cloister::ledger {

inline constexpr std::size_t kAuditFindingsMax = 100;

// How the caller appraises the evidence of a boot under the charter that the boot names
// (attestation::AppraiseBootEntry over EncodeEntryJson and EncodeCharter). OK means: the keys in it are an
// enclave's that the charter accepts.
using BootAppraiser = std::function<Status(const Entry& boot, const agreement::Charter& charter)>;

struct AuditFinding {
  std::uint64_t entry = 0;
  std::string check = {};  // "entry", "checkpoint", "boot.evidence", "refusal.missing", "receipt"
  std::string message = {};
};

struct LedgerAudit {
  LedgerState state;                        // after all entries
  std::vector<AuditFinding> findings = {};  // at most kAuditFindingsMax; empty: the ledger holds
};

struct AuditRequest {
  EnvironmentId environment;
  const std::vector<std::string>& entries;  // from 0
  std::string_view checkpoint;              // the note that covers exactly these entries
  BootAppraiser appraise;
};
// Every entry is folded, every boot appraised, the checkpoint checked against the boot whose keys hold at its
// size.
LedgerAudit AuditLedger(const AuditRequest& request);

// A receipt that this ledger released: signed by the boot of its release entry, and query, plan, report,
// approvals, charges, result, evidence and checkpoint are those that the ledger has.
struct CheckedReceipt {
  agreement::SignedReceipt receipt;
  std::uint64_t release_entry = 0;
};
Result<CheckedReceipt> CheckReceipt(const LedgerState& state, std::string_view receipt);

}  // namespace cloister::ledger
