#include "enclave/journal.h"

#include <algorithm>

#include "ledger/checkpoint.h"
#include "ledger/seal.h"

namespace cloister::enclave {

Journal::Journal(ledger::LedgerState state, const BootIdentity& identity, Host& host, const Clock& clock)
    : state_(std::move(state)), identity_(identity), host_(host), clock_(clock) {}

Instant Journal::Now() const {
  // Documents know whole seconds; rounding down would let time go back by a fraction against an entry of this second.
  const std::int64_t now = clock_.Now().unix_ms / 1000 * 1000;
  return {std::max(now, state_.last_time().unix_ms)};
}

Status Journal::CheckWhole() const {
  if (broken_)
    return Unavailable("the ledger of this enclave is closed after a failed write; it must be started again");
  return {};
}

Result<Written> Journal::Append(std::vector<ledger::EntryBody> bodies, Instant now,
                                std::optional<ledger::Handover> handover) {
  CLOISTER_TRY(CheckWhole());
  ledger::LogAppend append{.size_before = state_.size(), .handover = std::move(handover)};
  std::size_t bytes = 0;
  for (ledger::EntryBody& body : bodies) {
    CLOISTER_ASSIGN(std::string text, ledger::EncodeEntry({.time = now, .body = std::move(body)}));
    bytes += text.size();
    append.entries.push_back(std::move(text));
  }
  if (bytes > kAppendBytesMax)
    return ResourceExhausted("a document and the report on it are too large for one step; shorten it");
  broken_ = true;  // until the host has confirmed
  CLOISTER_TRY(Fold(append.entries));
  CLOISTER_ASSIGN(append.checkpoint,
                  ledger::SignCheckpoint(identity_.checkpoint_key(), state_.environment(), state_.point()));
  append.seal = ledger::SealState(identity_.seal_key(), state_.environment(), state_.point());
  CLOISTER_TRY(host_.Append(append));
  broken_ = false;
  checkpoint_ = append.checkpoint;
  return Written{.first_entry = append.size_before, .checkpoint = append.checkpoint};
}

Status Journal::Fold(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const Status applied = state_.Apply(text);
    if (!applied)
      return Error{Code::kInternal, "the enclave wrote an entry that its own rules refuse",
                   applied.error().public_message};
  }
  return {};
}

Result<ledger::LedgerState> Replay(const EnvironmentId& environment, std::uint64_t count, Host& host) {
  ledger::LedgerState state(environment);
  while (state.size() < count) {
    const std::uint64_t want = std::min<std::uint64_t>(ledger::kReadEntriesMax, count - state.size());
    CLOISTER_ASSIGN(const std::vector<std::string> texts, host.Read(state.size(), want));
    if (texts.empty() || texts.size() > want)
      return Error{Code::kDataLoss, "the host does not have the entries that it announced"};
    for (const std::string& text : texts) CLOISTER_TRY(state.Apply(text));
  }
  return state;
}

}  // namespace cloister::enclave
