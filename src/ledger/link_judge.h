#pragma once

// What a link would do to a state, at a time: the rules of docs/formats/ledger.md for each kind of link.
// Private to this room; callers ask LedgerState::Judge.

#include <string>
#include <vector>

#include "agreement/link.h"
#include "base/clock.h"
#include "base/result.h"
#include "ledger/replay.h"

namespace cloister::ledger {

class LinkJudge {
 public:
  LinkJudge(const LedgerState& state, const agreement::SignedLink& link, Instant now)
      : state_(state), link_(link), now_(now) {}
  Result<LinkRuling> Rule() const;

 private:
  // What keeps a link out of the ledger altogether.
  Status CheckMayWrite() const;
  Status CheckOrder() const;
  Status CheckCheckpoint() const;
  Status CheckRefusalsToday() const;

  // Why a link has no effect; empty when it has one.
  struct Objections {
    Code code = Code::kRefused;
    std::vector<std::string> reasons = {};
    void Add(Code why, std::string reason);
  };
  Objections Against(const agreement::Acceptance& acceptance) const;
  Objections Against(const agreement::Manifest& manifest) const;
  Objections Against(const agreement::QueryRequest& request) const;
  Objections Against(const agreement::Approval& approval) const;
  Objections Against(const agreement::Rejection& rejection) const;
  Objections Against(const agreement::Revocation& revocation) const;
  void AgainstManifestVersion(const agreement::Manifest& manifest, Objections& objections) const;
  void AgainstDatasetName(const agreement::Manifest& manifest, Objections& objections) const;
  void AgainstCharges(const QueryRecord& query, const agreement::Approval& approval, Objections& objections) const;
  bool HasManifest(const Digest256& document) const;
  bool HasApproval(const Digest256& document) const;

  const LedgerState& state_;
  const agreement::SignedLink& link_;
  Instant now_;
};

}  // namespace cloister::ledger
