#pragma once

// A participant's memory of a ledger: the last state he verified and the boot whose keys signed it. Each new
// checkpoint must contain that state; one that does not is kept, with the one it contradicts, as the proof of
// a fork.
//
//   CLOISTER_ASSIGN(LedgerView view, BeginView(environment, step, trust));       // once, with boots 0 ..
//   newest
//   CLOISTER_ASSIGN(LedgerAdvance next, AdvanceView(view, step, trust));         // from then on
//   if (next.fork) store(EncodeFork(*next.fork)) and say so; else store(EncodeView(next.view))

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "codec/json.h"
#include "crypto/merkle.h"
#include "crypto/signer.h"
#include "ledger/checkpoint.h"
#include "ledger/entry.h"

namespace cloister::ledger {

inline constexpr std::size_t kStepBootsMax = 1024;

// An entry with the proof that it stands at `index` in the tree of a step's checkpoint.
struct ProvenEntry {
  std::uint64_t index = 0;
  std::string text = {};
  crypto::MerkleProof proof = {};
};

// What a server shows when asked for news.
struct LedgerStep {
  std::string checkpoint = {};           // a signed note
  crypto::MerkleProof consistency = {};  // from the viewer's size to the checkpoint's; empty for BeginView
  std::vector<ProvenEntry> boots = {};   // boots since the view's, in order; BeginView: entry 0 and the newest at least
};

// Whether the keys of a boot may be trusted: appraise its archived evidence, or compare it with an enclave
// that was appraised just now.
using BootTrust = std::function<Status(const BootEntry& boot)>;

struct LedgerView {
  EnvironmentId environment;
  LedgerPoint point = {};
  std::string checkpoint = {};  // the note that says so
  Digest256 entry_0{};          // leaf hash of entry 0: what an acceptance names
  std::uint64_t boot_entry = 0;
  std::string boot_text = {};  // the entry as it stands in the ledger
  BootEntry boot;              // the same, read: whose keys signed the checkpoint
};
codec::Json EncodeView(const LedgerView& view);
Result<LedgerView> DecodeView(const codec::Json& json);

// Two notes, both signed by enclaves of one environment, that were not shown to be states of one ledger.
struct ForkProof {
  EnvironmentId environment;
  std::string first = {};       // what was verified before
  std::string second = {};      // what contradicts it
  std::string first_boot = {};  // canonical texts of the boot entries whose keys signed them
  std::string second_boot = {};
  // Equal sizes with different roots prove the fork to anybody; otherwise it rests on the server's failure to
  // prove that one contains the other.
  bool self_evident = false;
};
codec::Json EncodeFork(const ForkProof& fork);

// One of the two.
struct LedgerAdvance {
  std::optional<LedgerView> view = {};
  std::optional<ForkProof> fork = {};
};

// kVerificationFailed: a signature, a boot or a proof does not hold.
Result<LedgerView> BeginView(const EnvironmentId& environment, const LedgerStep& step, const BootTrust& trust);
// kVerificationFailed likewise; kFailedPrecondition when the checkpoint is older than the view (a replica
// that lags; ask again).
Result<LedgerAdvance> AdvanceView(const LedgerView& view, const LedgerStep& step, const BootTrust& trust);

}  // namespace cloister::ledger
