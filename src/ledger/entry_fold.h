#pragma once

// One entry into a state: everything is checked first, then everything is changed, so a refused entry leaves
// no trace. Private to this room; callers use LedgerState::Apply.

#include <cstdint>

#include "agreement/link.h"
#include "base/clock.h"
#include "base/result.h"
#include "ledger/replay.h"

namespace cloister::ledger {

class EntryFold {
 public:
  EntryFold(LedgerState& state, std::uint64_t index, Instant time) : state_(state), index_(index), time_(time) {}

  Status Fold(const BootEntry& boot);
  Status Fold(const CharterEntry& entry);
  Status Fold(const LinkEntry& entry);
  Status Fold(const ReportEntry& entry);
  Status Fold(const RefusalEntry& refusal);
  Status Fold(const ReservationEntry& reservation);
  Status Fold(const ExecutionEntry& execution);
  Status Fold(const ReleaseEntry& release);

 private:
  Status CheckReport(const QueryRecord* query, const agreement::Report& report) const;
  void TakeEffect(const agreement::SignedLink& link, const agreement::Acceptance& acceptance);
  void TakeEffect(const agreement::SignedLink& link, const agreement::Manifest& manifest);
  void TakeEffect(const agreement::SignedLink& link, const agreement::QueryRequest& request);
  void TakeEffect(const agreement::SignedLink& link, const agreement::Approval& approval);
  void TakeEffect(const agreement::SignedLink& link, const agreement::Rejection& rejection);
  void TakeEffect(const agreement::SignedLink& link, const agreement::Revocation& revocation);
  void EndManifests(DatasetRecord& dataset);
  void EndMembership(const agreement::Thumbprint& who);
  void BookWithoutEffect(const agreement::SignedLink& link);
  void CountRefusal(const agreement::Thumbprint& who);
  Result<QueryRecord*> QueryIn(const Digest256& digest, QueryPhase phase) const;

  LedgerState& state_;
  std::uint64_t index_;
  Instant time_;
};

}  // namespace cloister::ledger
