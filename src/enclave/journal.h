#pragma once

// The one pen that writes the ledger. An append folds the entries into the state, signs the checkpoint and seals the
// state, and hands all of it to the host as one durable step.
//
// The enclave's state runs ahead of the host's log for the length of that call only: if the host does not confirm, the
// journal is broken for good and every later append fails, because nobody can know what the host kept. A new boot
// starts from what the host can prove.
//
// Thread-compatible: the Enclave's mutex guards it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "enclave/boot_identity.h"
#include "enclave/host.h"
#include "ledger/entry.h"
#include "ledger/replay.h"

namespace cloister::enclave {

// Of the entries of one append, so that it fits into one frame of the channel; a longer one would break the journal for
// good.
inline constexpr std::size_t kAppendBytesMax = (2 << 20) - (64 << 10);

struct Written {
  std::uint64_t first_entry = 0;
  std::string checkpoint;  // of the state after
};

class Journal {
 public:
  // `state` is empty (genesis) or replayed. All references outlive the journal.
  Journal(ledger::LedgerState state, const BootIdentity& identity, Host& host, const Clock& clock);

  const ledger::LedgerState& state() const { return state_; }
  // The enclave's time: the host's clock, but never before what the ledger has already said.
  Instant Now() const;
  // kUnavailable once the journal is broken: its state may then hold what no ledger does, and nothing may be read from
  // it.
  Status CheckWhole() const;
  // All of them or none, written at `now`: the Now() by which the caller ruled that they may be written. With a second
  // look at the clock an approval could expire between ruling and writing, and replay would contradict what stands in
  // the ledger. kResourceExhausted above kAppendBytesMax, with nothing written.
  // A `handover` goes along with a release entry: kept with it, or neither is.
  Result<Written> Append(std::vector<ledger::EntryBody> bodies, Instant now,
                         std::optional<ledger::Handover> handover = std::nullopt);
  // Of the last append.
  const std::string& checkpoint() const { return checkpoint_; }

 private:
  Status Fold(const std::vector<std::string>& texts);

  ledger::LedgerState state_;
  const BootIdentity& identity_;
  Host& host_;
  const Clock& clock_;
  std::string checkpoint_;
  bool broken_ = false;
};

// Reads `count` entries back from the host and folds them.
Result<ledger::LedgerState> Replay(const EnvironmentId& environment, std::uint64_t count, Host& host);

}  // namespace cloister::enclave
