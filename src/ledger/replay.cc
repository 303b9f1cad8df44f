#include "ledger/replay.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/merkle.h"
#include "ledger/entry_fold.h"
#include "ledger/link_judge.h"

namespace cloister::ledger {
namespace {

Error Broken(const std::string& what) { return VerificationFailed(what); }

}  // namespace

RefusalEntry RefusalFor(const agreement::SignedLink& link, const LinkRuling& ruling) {
  CLOISTER_CHECK(ruling.kind == LinkRuling::Kind::kHasNoEffect && !ruling.reasons.empty());
  RefusalEntry refusal{
      .document = link.digest(), .code = std::string(CodeName(ruling.code)), .reasons = ruling.reasons};
  if (refusal.reasons.size() > kReasonsMax) refusal.reasons.resize(kReasonsMax);
  return refusal;
}

LedgerState::LedgerState(EnvironmentId environment) : environment_(std::move(environment)) {}

Instant LedgerState::EntryTime(Instant now) const { return {std::max(now.unix_ms / 1000 * 1000, last_time_.unix_ms)}; }

Status LedgerState::Apply(std::string_view entry_text) {
  CLOISTER_ASSIGN(const Entry entry, DecodeEntry(entry_text));
  if (entry.time < last_time_) return Broken("the entry is older than the one before it");
  CLOISTER_TRY(CheckPlace(entry));
  EntryFold fold(*this, log_.size(), entry.time);
  CLOISTER_TRY(std::visit([&](const auto& body) { return fold.Fold(body); }, entry.body));
  last_time_ = entry.time;
  log_.Append(crypto::MerkleLeaf(AsBytes(entry_text)));
  return {};
}

void LedgerState::ApplyUnread(std::string_view entry_text) {
  refusal_due_.reset();
  log_.Append(crypto::MerkleLeaf(AsBytes(entry_text)));
}

// What may stand where, whatever it says.
Status LedgerState::CheckPlace(const Entry& entry) const {
  const bool boot = entry.As<BootEntry>() != nullptr;
  if (boots_.empty() && !boot) return Broken("entry 0 must be a boot");
  if (!boots_.empty() && charters_.empty() && entry.As<CharterEntry>() == nullptr) {
    return Broken("entry 1 must be the charter of epoch 1");
  }
  if (refusal_due_ && entry.As<RefusalEntry>() == nullptr) {
    return Broken("the link before this entry has no effect, and its refusal is missing");
  }
  return {};
}

const BootRecord* LedgerState::BootAt(std::uint64_t size) const {
  const auto after =
      std::find_if(boots_.rbegin(), boots_.rend(), [&](const BootRecord& record) { return record.entry < size; });
  return after == boots_.rend() ? nullptr : &*after;
}

const CharterRecord* LedgerState::in_force() const { return in_force_ ? &charters_[*in_force_] : nullptr; }
const CharterRecord* LedgerState::proposed() const { return proposed_ ? &charters_[*proposed_] : nullptr; }
const CharterRecord* LedgerState::governing() const { return in_force_ ? in_force() : proposed(); }
const CharterRecord* LedgerState::newest_charter() const { return proposed_ ? proposed() : in_force(); }

const CharterRecord* LedgerState::FindCharter(const Digest256& digest) const {
  const auto found = std::find_if(charters_.rbegin(), charters_.rend(),
                                  [&](const CharterRecord& record) { return record.digest == digest; });
  return found == charters_.rend() ? nullptr : &*found;
}

const CharterRecord* LedgerState::FirstCharterOf(const agreement::Thumbprint& participant) const {
  const auto found = std::ranges::find_if(
      charters_, [&](const CharterRecord& record) { return record.charter.Find(participant) != nullptr; });
  return found == charters_.end() ? nullptr : &*found;
}

agreement::ChainState LedgerState::ChainOf(const agreement::Thumbprint& participant) const {
  const auto chain = chains_.find(participant);
  return chain == chains_.end() ? agreement::ChainState{} : chain->second;
}

std::vector<std::uint64_t> LedgerState::LinksOf(const agreement::Thumbprint& participant) const {
  const auto links = links_of_.find(participant);
  return links == links_of_.end() ? std::vector<std::uint64_t>{} : links->second;
}

std::optional<std::uint64_t> LedgerState::EntryOfLink(const Digest256& digest) const {
  const auto entry = link_entries_.find(digest);
  return entry == link_entries_.end() ? std::nullopt : std::optional(entry->second);
}

const RefusalEntry* LedgerState::RefusalOf(const Digest256& link) const {
  const auto refusal = links_without_effect_.find(link);
  return refusal == links_without_effect_.end() ? nullptr : &refusal->second;
}

const ManifestRecord* LedgerState::ManifestInForce(const DatasetId& dataset) const {
  const auto known = datasets_.find(dataset);
  const CharterRecord* charter = in_force();
  if (known == datasets_.end() || charter == nullptr) return nullptr;
  const DatasetRecord& record = known->second;
  const agreement::Participant* owner = charter->charter.Find(record.owner);
  if (owner == nullptr || !owner->Has(agreement::ParticipantRole::kOwner)) return nullptr;
  if (ended_memberships_.contains(record.owner)) return nullptr;
  const auto newest = std::find_if(record.versions.rbegin(), record.versions.rend(),
                                   [&](const ManifestRecord& one) { return one.manifest.charter == charter->digest; });
  if (newest == record.versions.rend() || newest->revoked) return nullptr;
  // He renewed it for the proposed charter, and changed it under the one before: what he renewed is not his last word.
  const bool overtaken = std::any_of(record.versions.rbegin(), newest, [&](const ManifestRecord& later) {
    const CharterRecord* named = FindCharter(later.manifest.charter);
    return named != nullptr && named->charter.epoch < charter->charter.epoch;
  });
  return overtaken ? nullptr : &*newest;
}

const QueryRecord* LedgerState::FindQuery(const Digest256& digest) const {
  const auto query = queries_.find(digest);
  return query == queries_.end() ? nullptr : &query->second;
}

const QueryRecord* LedgerState::FindQuery(const QueryId& query) const {
  const auto digest = query_ids_.find(query);
  return digest == query_ids_.end() ? nullptr : FindQuery(digest->second);
}

Result<agreement::SignedLink> LedgerState::VerifyLink(std::string_view compact) const {
  CLOISTER_ASSIGN(const agreement::UnverifiedLink peeked, agreement::PeekLink(compact));
  for (const CharterRecord* record : {in_force(), proposed()}) {
    if (record == nullptr) continue;
    const agreement::Participant* signer = record->charter.Find(peeked.signer);
    if (signer != nullptr) return agreement::VerifyLink(compact, signer->public_key, environment_);
  }
  return VerificationFailed("the link's signer is no participant of this environment");
}

Result<LinkRuling> LedgerState::Judge(const agreement::SignedLink& link, Instant now) const {
  return LinkJudge(*this, link, EntryTime(now)).Rule();
}

Status LedgerState::CheckProposal(const agreement::Charter& charter) const {
  if (terminated_) return FailedPrecondition("the environment is terminated");
  CLOISTER_TRY(agreement::CheckCharter(charter));
  if (charter.environment != environment_) return InvalidArgument("the charter is of another environment");
  if (boots_.empty()) return FailedPrecondition("no enclave has started yet");
  const Digest256 digest = agreement::CharterDigest(charter);
  if (charters_.empty()) {
    if (charter.epoch != 1 || digest != boots_.front().boot.charter) {
      return InvalidArgument("the charter is not the one that entry 0 names");
    }
    return {};
  }
  if (!in_force_) return FailedPrecondition("the charter of epoch 1 is not accepted by all yet");
  if (proposed_ && charters_[*proposed_].digest == digest) return Conflict("this charter is proposed already");
  return agreement::CheckSuccessor(in_force()->charter, charter);
}

}  // namespace cloister::ledger
