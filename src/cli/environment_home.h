#pragma once

// What this participant verified and signed in one environment:
//
//   view.json            the last ledger state that was verified, with the boot whose keys signed it
//   accepted.json        digests of the charters that he accepted
//   chain.json           number and digest of his last recorded link
//   outbox.json          a link that was signed and whose recording is not certain yet, with the request that carries
//   it links/00000001.jws   his recorded links forks/TIME.json      proofs that the operator showed two ledgers
//
// A link stands in the outbox, synced to disk, before it is sent: after a crash the same bytes go out again, so that
// one number never stands for two links. Not thread-safe; whoever signs holds the folder's lock.

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "agreement/chain.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "cli/durable_file.h"
#include "codec/json.h"
#include "ledger/follow.h"

namespace cloister::cli {

struct OutboxItem {
  std::string link;  // the JWS
  std::uint64_t seq = 0;
  Digest256 digest{};
  std::string target;         // where it goes
  codec::JsonObject request;  // the whole body, the link as its member `document`
};

class EnvironmentHome {
 public:
  explicit EnvironmentHome(std::filesystem::path folder) : folder_(std::move(folder)) {}
  const std::filesystem::path& folder() const { return folder_; }
  // Makes the folder if need be and waits for another process that signs.
  Result<FolderLock> Lock();

  Result<std::optional<ledger::LedgerView>> LoadView() const;
  Status SaveView(const ledger::LedgerView& view);
  // Answers the file's path.
  Result<std::filesystem::path> SaveFork(const ledger::ForkProof& fork, Instant now);

  Result<std::set<Digest256>> LoadAccepted() const;
  Status AddAccepted(const Digest256& charter);

  Result<agreement::ChainState> LoadChain() const;
  Result<std::optional<OutboxItem>> LoadOutbox() const;
  Status SaveOutbox(const OutboxItem& item);
  // The outbox's link is recorded: keeps it among the links, moves the chain on and empties the outbox, in an order
  // that a crash between the steps repeats harmlessly.
  Status CommitOutbox(const OutboxItem& item);
  // The server said that it will not record it: keeps the bytes beside the links and frees the number.
  Status DiscardOutbox(const OutboxItem& item);
  // A link that another copy of this home signed and the ledger has.
  Status AdoptLink(const agreement::SignedLink& link);

 private:
  std::filesystem::path folder_;
};

}  // namespace cloister::cli
