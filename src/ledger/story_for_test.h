#pragma once

// A ledger as an honest enclave writes it, for tests: each step judges, appends and folds as the enclave
// does, and the texts are kept, so that a test can go on with a damaged copy of them.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agreement/people_for_test.h"
#include "ledger/checkpoint.h"
#include "ledger/entry.h"
#include "ledger/replay.h"

namespace cloister::ledger::for_test {

namespace people = agreement::for_test;

inline Digest256 CommitmentFor(const agreement::Charter& charter) {
  std::string all;
  for (const auto& one : charter.participants) all += one.thumbprint;
  return people::DigestOf(all);
}

class Story {
 public:
  // Entry 0 and entry 1; nobody has accepted yet.
  explicit Story(const agreement::Charter& charter) : state_(charter.environment) {
    Boot(charter);
    Write(CharterEntry{.charter = charter, .recipient_commitment = CommitmentFor(charter)});
  }

  const LedgerState& state() const { return state_; }
  const std::vector<std::string>& entries() const { return entries_; }
  const crypto::Ed25519Signer& document_key() const { return *document_key_; }
  const crypto::Ed25519Signer& checkpoint_key() const { return *checkpoint_key_; }
  Instant now() const { return now_; }
  void Wait(std::int64_t seconds) { now_.unix_ms += seconds * 1000; }
  Digest256 charter() const { return state_.in_force()->digest; }
  std::string Checkpoint() const {
    return SignCheckpoint(*checkpoint_key_, state_.environment(), state_.point()).value();
  }

  void Boot(const agreement::Charter& charter) {
    const auto boot = static_cast<std::int64_t>(state_.boots().size());
    document_key_ = Key("document key " + std::to_string(boot));
    checkpoint_key_ = Key("checkpoint key " + std::to_string(boot));
    Write(BootEntry{.boot = boot,
                    .origin = boot == 0 ? "generated" : "recovered",
                    .checkpoint_key = checkpoint_key_->public_key(),
                    .document_key = document_key_->public_key(),
                    .charter = agreement::CharterDigest(charter),
                    .recipient_commitment = CommitmentFor(charter),
                    .evidence = {{"kind", "simulated"}, {"statement", "of boot " + std::to_string(boot)}}});
  }
  void Propose(const agreement::Charter& charter) {
    ASSERT_TRUE(state_.CheckProposal(charter).has_value());
    Write(CharterEntry{.charter = charter, .recipient_commitment = CommitmentFor(charter)});
  }

  agreement::SignedLink Sign(people::Person& person, const agreement::LinkBody& body) {
    return person.Sign(state_.point(), body, state_.environment(), now_);
  }
  // Writes a link as the enclave would, with its refusal if it has no effect, and says which.
  LinkRuling Send(const agreement::SignedLink& link) {
    const LinkRuling ruling = state_.Judge(link, now_).value();
    if (ruling.kind == LinkRuling::Kind::kAlreadyRecorded) return ruling;
    Write(LinkEntry{.jws = link.compact()});
    if (ruling.kind == LinkRuling::Kind::kHasNoEffect) Write(RefusalFor(link, ruling));
    return ruling;
  }
  LinkRuling SignAndSend(people::Person& person, const agreement::LinkBody& body) { return Send(Sign(person, body)); }

  agreement::Acceptance AcceptanceOf(const CharterRecord& charter) const {
    return {.charter = charter.digest,
            .recipient_commitment = charter.recipient_commitment,
            .entry_0 = state_.log().leaf(0)};
  }
  LinkRuling Accept(people::Person& person) { return SignAndSend(person, AcceptanceOf(*state_.proposed())); }

  LinkRuling Offer(people::Person& owner, const agreement::Manifest& manifest) { return SignAndSend(owner, manifest); }
  agreement::DatasetRead Reading(const DatasetId& dataset) const {
    const ManifestRecord* manifest = state_.ManifestInForce(dataset);
    return {.dataset = dataset, .manifest = manifest == nullptr ? Digest256{} : manifest->digest};
  }
  // Submits a query and reports on it; returns the digest of its link.
  Digest256 Ask(people::Person& analyst, const agreement::QueryRequest& request) {
    const agreement::SignedLink link = Sign(analyst, request);
    EXPECT_EQ(Send(link).kind, LinkRuling::Kind::kTakesEffect);
    Report(link);
    return link.digest();
  }
  void Report(const agreement::SignedLink& query) {
    std::vector<agreement::Thumbprint> owners;
    for (const auto& owner : state_.FindQuery(query.digest())->owners_read) owners.push_back(owner);
    const agreement::Report report = people::ReportOn(query, owners);
    Write(ReportEntry{.jws = agreement::SignReport(*document_key_, report)->compact()});
  }
  agreement::Approval ApprovalOf(const Digest256& query) const {
    return people::ApprovalOf(*state_.FindQuery(query)->report, {now_.unix_ms + 7 * 24 * 3600 * 1000});
  }
  LinkRuling Approve(people::Person& person, const Digest256& query) { return SignAndSend(person, ApprovalOf(query)); }
  LinkRuling Reject(people::Person& person, const Digest256& query) {
    return SignAndSend(person, agreement::Rejection{.query = query, .reason = "no"});
  }

  // Runs an approved query to its release and returns the receipt.
  std::string Run(const Digest256& query) {
    Write(state_.Reserve(query, now_).value());
    Write(ExecutionEntry{.query = query, .outcome = Outcome::kReleased, .code = "OK"});
    const agreement::SignedReceipt receipt = agreement::SignReceipt(*document_key_, ReceiptOf(query)).value();
    Write(ReleaseEntry{.query = query, .receipt = receipt.digest(), .result = receipt.body().result.digest});
    return receipt.compact();
  }
  agreement::Receipt ReceiptOf(const Digest256& query) const {
    const QueryRecord& record = *state_.FindQuery(query);
    const codec::Json evidence = state_.boots().back().boot.evidence;
    return {.environment = state_.environment(),
            .query = query,
            .query_id = record.request.query,
            .plan = record.report->accepted->plan,
            .report_digest = record.report->accepted->report_digest,
            .approvals = record.reservation->approvals,
            .result = {.digest = people::DigestOf("sealed result"), .length_bytes = 5123, .format = "json"},
            .recipients = record.request.recipients,
            .rows = 3,
            .protections = {"R22"},
            .spent = record.reservation->charges,
            .checkpoint = state_.point(),
            .time_bucket_ms = 250,
            .evidence = crypto::Sha256(AsBytes(codec::CanonicalJson(evidence))),
            .time = now_};
  }

  // Appends an entry that must be in order.
  void Write(EntryBody body) {
    std::string text = EncodeEntry({.time = now_, .body = std::move(body)}).value();
    const Status applied = state_.Apply(text);
    ASSERT_TRUE(applied.has_value()) << applied.error().public_message << "\n" << text;
    entries_.push_back(std::move(text));
  }
  // What the state says to an entry that it should not take.
  std::string Refused(EntryBody body) const {
    LedgerState copy = state_;
    const Status applied = copy.Apply(EncodeEntry({.time = now_, .body = std::move(body)}).value());
    EXPECT_EQ(copy.point(), state_.point()) << "a refused entry left a trace";
    return applied ? "taken" : applied.error().public_message;
  }

 private:
  static std::shared_ptr<const crypto::Ed25519Signer> Key(const std::string& seed) {
    return std::make_shared<const crypto::Ed25519Signer>(people::SignerFrom(seed));
  }

  LedgerState state_;
  std::vector<std::string> entries_;
  // Shared, so that a story can be copied: what a host does who starts a second enclave.
  std::shared_ptr<const crypto::Ed25519Signer> document_key_;
  std::shared_ptr<const crypto::Ed25519Signer> checkpoint_key_;
  Instant now_ = people::kNow;
};

}  // namespace cloister::ledger::for_test
