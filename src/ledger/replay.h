#pragma once

// The meaning of a ledger: a deterministic fold of its entries into what is in force. The enclave folds
// stored entries when it restarts and each new entry when it writes one; clients and auditors fold what they
// are shown. There is no second reading of the rules anywhere.
//
//   LedgerState state(environment);
//   for (text : entries) CLOISTER_TRY(state.Apply(text));   // no enclave of ours wrote what fails here
//
// The writer decides with the same object what to write:
//
//   CLOISTER_ASSIGN(SignedLink link, state.VerifyLink(jws));      // an error: nothing is written
//   CLOISTER_ASSIGN(LinkRuling ruling, state.Judge(link, now));   // an error (out of order): likewise
//   append LinkEntry at EntryTime(now), and with it RefusalFor(link, ruling) if the ruling is kHasNoEffect
//
// Apply makes the same ruling from the link entry's own time, so a link that takes no effect must be followed
// by its refusal, and one that does must not. What Apply does not check: the evidence of boots (audit.h asks
// a BootAppraiser). Thread-compatible; grows with the number of entries (two hashes each) and of documents.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/approval_rule.h"
#include "agreement/chain.h"
#include "agreement/charter.h"
#include "agreement/link.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "base/result.h"
#include "ledger/accounts.h"
#include "ledger/entry.h"
#include "ledger/merkle_log.h"
#include "ledger/records.h"

namespace cloister::ledger {

// What recording a link would do.
struct LinkRuling {
  enum class Kind {
    kTakesEffect,
    kHasNoEffect,      // recorded all the same, with a refusal: the signer's chain goes on
    kAlreadyRecorded,  // the same document stands in the ledger at `entry`; nothing is written
  };
  Kind kind = Kind::kHasNoEffect;
  Code code = Code::kRefused;             // of kHasNoEffect
  std::vector<std::string> reasons = {};  // of kHasNoEffect, at least one
  std::uint64_t entry = 0;                // of kAlreadyRecorded
};
RefusalEntry RefusalFor(const agreement::SignedLink& link, const LinkRuling& ruling);

// Whether a query may run now, and if not, everything that stands in its way.
struct Readiness {
  agreement::RuleVerdict rule = {};
  std::vector<std::string> obstacles = {};  // empty: it may run
  // Those of the obstacles that never go away: what it was asked under is gone, so it never runs, whoever approves.
  // Only of kReported.
  std::vector<std::string> endings = {};
};

class LedgerState {
 public:
  explicit LedgerState(EnvironmentId environment);

  // The next entry. On an error (kVerificationFailed, kInvalidArgument) the state is unchanged.
  Status Apply(std::string_view entry_text);
  // Counts an entry into the tree without reading it: for auditors who want to see what follows a broken one.
  void ApplyUnread(std::string_view entry_text);

  const EnvironmentId& environment() const { return environment_; }
  std::uint64_t size() const { return log_.size(); }
  agreement::LedgerPoint point() const { return {.size = log_.size(), .root = log_.Root()}; }
  const MerkleLog& log() const { return log_; }
  Instant last_time() const { return last_time_; }
  // The time that an entry written at `now` carries: whole seconds, and never before the entries below it.
  Instant EntryTime(Instant now) const;
  bool terminated() const { return terminated_; }

  const std::vector<BootRecord>& boots() const { return boots_; }
  // The newest boot among the first `size` entries: whose keys signed the checkpoint of that size. Null for
  // 0.
  const BootRecord* BootAt(std::uint64_t size) const;

  const CharterRecord* in_force() const;  // null until epoch 1 is accepted by all
  const CharterRecord* proposed() const;  // the open proposal (epoch 1 too), null when there is none
  const CharterRecord* governing() const;  // in force; before that epoch 1 as it is proposed; null in an empty ledger
  const CharterRecord* newest_charter() const;  // the open proposal, else in force; null in an empty ledger
  const CharterRecord* FindCharter(const Digest256& digest) const;
  const CharterRecord* FirstCharterOf(const agreement::Thumbprint& participant) const;  // null: in none

  agreement::ChainState ChainOf(const agreement::Thumbprint& participant) const;
  std::vector<std::uint64_t> LinksOf(const agreement::Thumbprint& participant) const;  // entries, in order
  std::optional<std::uint64_t> EntryOfLink(const Digest256& digest) const;
  // Why a recorded link has no effect; null when it has one. Whoever sends it again is told so again.
  const RefusalEntry* RefusalOf(const Digest256& link) const;

  // The last entry is a link without effect, and its refusal does not stand behind it yet.
  bool owes_refusal() const { return refusal_due_.has_value(); }

  const std::map<DatasetId, DatasetRecord>& datasets() const { return datasets_; }
  // The manifest that queries read: the newest that names the charter in force, of an owner who is still in
  // it, not revoked, and not overtaken by a later one that names an earlier charter. Null when there is none.
  const ManifestRecord* ManifestInForce(const DatasetId& dataset) const;
  Spending SpentOn(const DatasetId& dataset) const { return accounts_.SpentOn(dataset); }
  double OdometerOf(const DatasetId& dataset, double delta) const { return accounts_.OdometerOf(dataset, delta); }

  const std::map<Digest256, QueryRecord>& queries() const { return queries_; }
  const QueryRecord* FindQuery(const Digest256& digest) const;
  const QueryRecord* FindQuery(const QueryId& query) const;

  // A link whose signer is in the charter in force or in the proposed one.
  Result<agreement::SignedLink> VerifyLink(std::string_view compact) const;
  // kConflict: the number is used (message names the head). kFailedPrecondition: links are missing before it,
  // or the ledger is terminated. kVerificationFailed: its checkpoint is no state of this ledger.
  // kResourceExhausted: too many refusals today.
  Result<LinkRuling> Judge(const agreement::SignedLink& link, Instant now) const;
  // Whether this charter may be recorded as a proposal now (or as epoch 1 after entry 0).
  Status CheckProposal(const agreement::Charter& charter) const;

  // kNotFound for an unknown query.
  Result<Readiness> ReadinessOf(const Digest256& query, Instant now) const;
  // The reservation that starts a run: every rule of "when a query runs" that does not need data, at `now`.
  // kRefused with all obstacles otherwise.
  Result<ReservationEntry> Reserve(const Digest256& query, Instant now) const;

 private:
  friend class LinkJudge;
  friend class EntryFold;

  Status CheckPlace(const Entry& entry) const;
  bool CountsNow(const agreement::Thumbprint& who, const ApprovalRecord& approval, Instant now) const;
  agreement::RuleVerdict RuleOn(const QueryRecord& query, Instant now) const;
  void AgainstTerms(const QueryRecord& query, Instant now, Readiness& readiness) const;
  void AgainstDatasets(const QueryRecord& query, Instant now, Readiness& readiness) const;

  EnvironmentId environment_;
  MerkleLog log_;
  Instant last_time_;
  bool terminated_ = false;
  std::vector<BootRecord> boots_;
  std::vector<CharterRecord> charters_;
  std::optional<std::size_t> in_force_;  // into charters_
  std::optional<std::size_t> proposed_;
  std::map<agreement::Thumbprint, agreement::ChainState> chains_;
  std::map<agreement::Thumbprint, std::vector<std::uint64_t>> links_of_;
  std::map<Digest256, std::uint64_t> link_entries_;
  std::map<Digest256, RefusalEntry> links_without_effect_;
  std::map<agreement::Thumbprint, std::deque<Instant>> refusals_;  // of the last day
  std::set<agreement::Thumbprint> ended_memberships_;              // until an epoch in which they come anew
  std::map<DatasetId, DatasetRecord> datasets_;
  std::map<Digest256, QueryRecord> queries_;
  std::map<QueryId, Digest256> query_ids_;
  Accounts accounts_;
  struct DueRefusal {
    Digest256 document;
    agreement::Thumbprint signer;
  };
  std::optional<DueRefusal> refusal_due_;  // the last entry was a link without effect
};

}  // namespace cloister::ledger
