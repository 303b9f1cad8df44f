#pragma once

// What this participant verified and signed in one environment:
//
//   view.json            the last ledger state that was verified, with the boot whose keys signed it
//   accepted.json        digests of the charters that he accepted, each with the recipient commitment that he signed
//   chain.json           number and digest of his last link in a verified ledger
//   outbox.json          a link that was signed and is in no verified ledger yet, with the request that carries it
//   links/00000001.jws   his links in the ledger
//   forks/TIME.json      proofs that the operator showed two ledgers; while one is there, nothing is signed
//
// A link stands in the outbox, synced to disk, before it is sent, and leaves it only for a verified ledger that holds
// this number, or by his own word: one number never stands for two links because a server said so. Not thread-safe;
// whoever signs holds the folder's lock, whoever moves the view the view's lock (always the inner one of the two).

#include <filesystem>
#include <map>
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
  // From reading the view to saving the one that continues it: two processes must not put an older one back.
  Result<FolderLock> LockView();

  Result<std::optional<ledger::LedgerView>> LoadView() const;
  Status SaveView(const ledger::LedgerView& view);
  // Answers the file's path.
  Result<std::filesystem::path> SaveFork(const ledger::ForkProof& fork, Instant now);
  // A proof that was kept and that nobody has taken away since; absent when there is none.
  std::optional<std::filesystem::path> KeptFork() const;

  Result<std::set<Digest256>> LoadAccepted() const;
  Status AddAccepted(const Digest256& charter, const Digest256& recipient_commitment);
  // Of the acceptance of that charter: to which recipients he agreed. Absent when he has not accepted it.
  Result<std::optional<Digest256>> AcceptedRecipients(const Digest256& charter) const;

  Result<agreement::ChainState> LoadChain() const;
  Result<std::optional<OutboxItem>> LoadOutbox() const;
  Status SaveOutbox(const OutboxItem& item);
  // The outbox's link is recorded: keeps it among the links, moves the chain on and empties the outbox, in an order
  // that a crash between the steps repeats harmlessly.
  Status CommitOutbox(const OutboxItem& item);
  // A verified ledger has another link of its number, or the participant gives it up: keeps the bytes beside the links
  // and frees the number.
  Status DiscardOutbox(const OutboxItem& item);
  // A link that another copy of this home signed and the ledger has.
  Status AdoptLink(const agreement::SignedLink& link);

 private:
  Result<std::map<Digest256, Digest256>> LoadAcceptances() const;
  std::filesystem::path folder_;
};

}  // namespace cloister::cli
