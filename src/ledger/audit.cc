#include "ledger/audit.h"

#include "crypto/digest.h"
#include "ledger/checkpoint.h"

namespace cloister::ledger {
namespace {

class Auditor {
 public:
  explicit Auditor(const AuditRequest& request)
      : request_(request), audit_{.state = LedgerState(request.environment), .findings = {}} {}

  LedgerAudit Run() && {
    for (const std::string& text : request_.entries) CheckEntry(text);
    if (audit_.state.owes_refusal()) {
      Find(audit_.state.size() - 1, "refusal.missing", "the last link has no effect, and its refusal does not follow");
    }
    for (const BootRecord& boot : audit_.state.boots()) CheckBoot(boot);
    CheckCheckpoint();
    return std::move(audit_);
  }

 private:
  void Find(std::uint64_t entry, std::string check, std::string message) {
    if (audit_.findings.size() == kAuditFindingsMax) return;
    audit_.findings.push_back({.entry = entry, .check = std::move(check), .message = std::move(message)});
  }

  // A broken entry is counted, so that those after it are still compared with the tree.
  void CheckEntry(const std::string& text) {
    const std::uint64_t index = audit_.state.size();
    const Status applied = audit_.state.Apply(text);
    if (applied) return;
    Find(index, "entry", applied.error().public_message);
    audit_.state.ApplyUnread(text);
  }

  void CheckBoot(const BootRecord& record) {
    const CharterRecord* charter = audit_.state.FindCharter(record.boot.charter);
    if (charter == nullptr) {
      Find(record.entry, "boot.evidence", "the boot names a charter that the ledger does not have");
      return;
    }
    const Result<Entry> entry = DecodeEntry(request_.entries[record.entry]);
    const Status appraised = entry ? request_.appraise(*entry, charter->charter) : Status(entry.error());
    if (!appraised) Find(record.entry, "boot.evidence", appraised.error().public_message);
  }

  void CheckCheckpoint() {
    const LedgerState& state = audit_.state;
    const BootRecord* boot = state.BootAt(state.size());
    const std::uint64_t last = state.size() == 0 ? 0 : state.size() - 1;
    if (boot == nullptr) {
      Find(last, "checkpoint", "there is no boot whose key could have signed it");
      return;
    }
    const auto verified = VerifyCheckpoint(request_.checkpoint, request_.environment, boot->boot.checkpoint_key);
    if (!verified) {
      Find(last, "checkpoint", verified.error().public_message);
    } else if (verified->point() != state.point()) {
      Find(last, "checkpoint", "it is not of these entries");
    }
  }

  const AuditRequest& request_;
  LedgerAudit audit_;
};

Status Same(bool same, const std::string& what) {
  if (same) return {};
  return VerificationFailed("the receipt's " + what + " is not the one that the ledger has");
}

Digest256 EvidenceDigestOf(const BootEntry& boot) {
  return crypto::Sha256(AsBytes(codec::CanonicalJson(boot.evidence)));
}

Status CheckAgainst(const LedgerState& state, const QueryRecord& query, const agreement::Receipt& receipt) {
  const std::uint64_t entry = *query.release_entry;
  CLOISTER_TRY(Same(receipt.environment == state.environment(), "environment"));
  CLOISTER_TRY(Same(receipt.query_id == query.request.query, "query_id"));
  CLOISTER_TRY(Same(receipt.plan == query.report->accepted->plan, "plan"));
  CLOISTER_TRY(Same(receipt.report_digest == query.report->accepted->report_digest, "report_digest"));
  CLOISTER_TRY(Same(receipt.approvals == query.reservation->approvals, "approvals"));
  CLOISTER_TRY(Same(receipt.spent == query.reservation->charges, "spent"));
  CLOISTER_TRY(Same(receipt.result.digest == query.release->result, "result"));
  CLOISTER_TRY(Same(receipt.recipients == query.request.recipients, "recipients"));
  CLOISTER_TRY(
      Same(receipt.checkpoint.size == entry && receipt.checkpoint.root == state.log().RootAt(entry), "checkpoint"));
  return Same(receipt.evidence == EvidenceDigestOf(state.BootAt(entry)->boot), "evidence");
}

// The query that a receipt is of, before its signature is checked.
Result<const QueryRecord*> ReleasedQuery(const LedgerState& state, const Digest256& receipt) {
  for (const auto& [digest, query] : state.queries()) {
    if (query.release && query.release->receipt == receipt) return &query;
  }
  return VerificationFailed("no release entry of this ledger names the receipt");
}

}  // namespace

LedgerAudit AuditLedger(const AuditRequest& request) { return Auditor(request).Run(); }

Result<CheckedReceipt> CheckReceipt(const LedgerState& state, std::string_view receipt) {
  CLOISTER_ASSIGN(const Digest256 digest, crypto::JwsDigest(receipt));
  CLOISTER_ASSIGN(const QueryRecord* const query, ReleasedQuery(state, digest));
  const BootRecord* boot = state.BootAt(*query->release_entry);
  CLOISTER_ASSIGN(agreement::SignedReceipt verified, agreement::VerifyReceipt(receipt, boot->boot.document_key));
  CLOISTER_TRY(Same(verified.body().query == query->digest, "query"));
  CLOISTER_TRY(CheckAgainst(state, *query, verified.body()));
  return CheckedReceipt{.receipt = std::move(verified), .release_entry = *query->release_entry};
}

}  // namespace cloister::ledger
