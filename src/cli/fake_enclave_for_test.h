#pragma once

// An enclave that keeps its word, without data: real keys, simulated evidence, a ledger that is judged and folded as
// the real one's is, reports that accept, results that are sealed. For tests of the participant's side.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agreement/enclave_documents.h"
#include "attestation/enclave_appraisal.h"
#include "attestation/simulated/simulated.h"
#include "base/rng.h"
#include "crypto/digest.h"
#include "ledger/checkpoint.h"
#include "ledger/replay.h"
#include "sealing/open_reader.h"
#include "sealing/seal_writer.h"

namespace cloister::cli::for_test {

inline Digest256 MeasurementForTest() { return crypto::Sha256(AsBytes("the enclave program")); }

class FakeEnclave {
 public:
  FakeEnclave(const agreement::Charter& charter, const Clock& clock, std::uint64_t seed = 1)
      : clock_(clock), rng_(seed), state_(charter.environment) {
    Boot(charter);
    Propose(charter);
  }

  const ledger::LedgerState& state() const { return state_; }
  const std::vector<std::string>& entries() const { return entries_; }
  const crypto::Ed25519Signer& document_key() const { return *document_key_; }

  // Starts again, with new keys, as after a crash.
  void Boot(const agreement::Charter& charter) {
    checkpoint_key_ = std::make_unique<crypto::Ed25519Signer>(crypto::Ed25519Signer::Generate(rng_));
    document_key_ = std::make_unique<crypto::Ed25519Signer>(crypto::Ed25519Signer::Generate(rng_));
    boot_entry_ = state_.size();
    const auto boot = static_cast<std::int64_t>(state_.boots().size());
    Write(ledger::BootEntry{.boot = boot,
                            .origin = std::string(attestation::OriginName(Origin())),
                            .checkpoint_key = checkpoint_key_->public_key(),
                            .document_key = document_key_->public_key(),
                            .charter = agreement::CharterDigest(charter),
                            .recipient_commitment = attestation::RecipientCommitment(RecipientsOf(charter)),
                            .evidence = EvidenceJson(charter, attestation::kArchiveNonce).as_object(),
                            .endorsements = {}});
  }
  void Propose(const agreement::Charter& charter) {
    Write(ledger::CharterEntry{.charter = charter,
                               .recipient_commitment = attestation::RecipientCommitment(RecipientsOf(charter))});
  }

  std::string Checkpoint() const {
    return ledger::SignCheckpoint(*checkpoint_key_, state_.environment(), state_.point()).value();
  }
  codec::Json Evidence(const attestation::Nonce& nonce, const agreement::Charter& charter) const {
    const auto recipients = RecipientsOf(charter);
    attestation::EnclaveAnswer answer{
        .evidence = attestation::DecodeEvidence(EvidenceJson(charter, nonce), "evidence").value(),
        .endorsements = {},
        .origin = Origin(),
        .boot_entry = boot_entry_,
        .keys = Keys(),
        .charter = agreement::CharterDigest(charter),
        .recipient_commitment = attestation::RecipientCommitment(recipients),
        .recipients = {}};
    for (std::uint64_t i = 0; i < recipients.size(); ++i) {
      answer.recipients.push_back({recipients[i], i, attestation::ProveRecipient(recipients, i)});
    }
    return attestation::EncodeEnclaveAnswer(answer);
  }

  // Records a link as the real one does, and what follows from it: a report, a run. Answers the link's entry.
  Result<std::uint64_t> Take(const std::string& jws) {
    CLOISTER_ASSIGN(const auto link, state_.VerifyLink(jws));
    CLOISTER_ASSIGN(const auto ruling, state_.Judge(link, clock_.Now()));
    if (ruling.kind == ledger::LinkRuling::Kind::kAlreadyRecorded) return ruling.entry;
    const std::uint64_t entry = state_.size();
    Write(ledger::LinkEntry{.jws = jws});
    if (ruling.kind == ledger::LinkRuling::Kind::kHasNoEffect) {
      Write(ledger::RefusalFor(link, ruling));
      return entry;
    }
    if (link.As<agreement::QueryRequest>() != nullptr) Report(link);
    if (const auto* approval = link.As<agreement::Approval>()) RunIfReady(approval->query);
    return entry;
  }

  // The identity that opens what this participant sealed.
  const sealing::AgeIdentity& IdentityOf(const agreement::Thumbprint& thumbprint) const {
    auto& identity = identities_[thumbprint];
    if (identity == nullptr) {
      InsecureRngForTest rng(std::hash<std::string>{}(thumbprint));
      identity = std::make_unique<sealing::AgeIdentity>(sealing::AgeIdentity::Generate(rng));
    }
    return *identity;
  }

  struct Released {
    Bytes sealed;
    std::string receipt;
    std::uint64_t entry = 0;
  };
  const Released* FindReleased(const QueryId& query) const {
    const auto found = released_.find(query);
    return found == released_.end() ? nullptr : &found->second;
  }
  // What the next query answers.
  std::string result_json = R"({"columns":[{"name":"ward","type":"VARCHAR"},{"name":"patients","type":"BIGINT"}],)"
                            R"("rows":[["A",40],["B",25]]})";
  std::int64_t result_rows = 2;

 private:
  attestation::Origin Origin() const {
    return state_.boots().size() > 1 || (state_.boots().size() == 1 && boot_entry_ != 0)
               ? attestation::Origin::kRecovered
               : attestation::Origin::kGenerated;
  }
  attestation::BootKeys Keys() const { return {checkpoint_key_->public_key(), document_key_->public_key()}; }

  std::vector<attestation::DatasetRecipient> RecipientsOf(const agreement::Charter& charter) const {
    std::vector<attestation::DatasetRecipient> recipients;
    for (const auto& person : charter.participants) {
      recipients.push_back({person.thumbprint, IdentityOf(person.thumbprint).recipient().Text()});
    }
    return recipients;
  }

  codec::Json EvidenceJson(const agreement::Charter& charter, const attestation::Nonce& nonce) const {
    const auto binding =
        attestation::Binding({.origin = Origin(),
                              .keys = Keys(),
                              .recipient_commitment = attestation::RecipientCommitment(RecipientsOf(charter)),
                              .charter = agreement::CharterDigest(charter),
                              .nonce = nonce});
    return attestation::EncodeEvidence(
        attestation::MakeSimulatedEvidence({.measurement = MeasurementForTest(), .report_data = binding}).value());
  }

  void Report(const agreement::SignedLink& link) {
    const auto& request = *link.As<agreement::QueryRequest>();
    const codec::JsonObject words{
        {"words", codec::JsonArray{"It counts patients by ward."}},
        {"protections", codec::JsonArray{"A group is shown only with at least 25 patients."}}};
    std::set<agreement::Thumbprint> owners = state_.FindQuery(link.digest())->owners_read;
    agreement::Report report{
        .environment = state_.environment(),
        .query = link.digest(),
        .query_id = request.query,
        .charter = request.charter,
        .accepted = agreement::Report::Accepted{.plan = crypto::Sha256(AsBytes(request.text)),
                                                .report_digest = crypto::Sha256(AsBytes(codec::CanonicalJson(words))),
                                                .report = words},
        .charges = {},
        .recipients = request.recipients,
        .approvers = {owners.begin(), owners.end()},
        .findings = {},
        .time = clock_.Now()};
    for (const auto& read : request.datasets) report.charges.push_back({.dataset = read.dataset});
    Write(ledger::ReportEntry{.jws = agreement::SignReport(*document_key_, report)->compact()});
  }

  void RunIfReady(const Digest256& query) {
    auto reservation = state_.Reserve(query, clock_.Now());
    if (!reservation) return;
    Write(*reservation);
    Write(ledger::ExecutionEntry{.query = query, .outcome = ledger::Outcome::kReleased, .code = "OK"});
    const ledger::QueryRecord& record = *state_.FindQuery(query);
    std::vector<sealing::AgeRecipient> recipients;
    for (const auto& person : record.request.recipients) {
      const auto* participant = state_.in_force()->charter.Find(person);
      recipients.push_back(sealing::AgeRecipient::Parse(participant->recipient).value());
    }
    Released released{
        .sealed = sealing::SealBytes(AsBytes(result_json), recipients, rng_).value(), .receipt = "", .entry = 0};
    const auto receipt = agreement::SignReceipt(*document_key_, ReceiptOf(record, released.sealed)).value();
    released.receipt = receipt.compact();
    released.entry = state_.size();
    Write(ledger::ReleaseEntry{.query = query, .receipt = receipt.digest(), .result = receipt.body().result.digest});
    released_.emplace(record.request.query, std::move(released));
  }

  agreement::Receipt ReceiptOf(const ledger::QueryRecord& record, ByteView sealed) const {
    return {.environment = state_.environment(),
            .query = record.digest,
            .query_id = record.request.query,
            .plan = record.report->accepted->plan,
            .report_digest = record.report->accepted->report_digest,
            .approvals = record.reservation->approvals,
            .result = {.digest = crypto::Sha256(sealed), .length_bytes = sealed.size(), .format = "json"},
            .recipients = record.request.recipients,
            .rows = agreement::RowBand(result_rows),
            .protections = {"A group is shown only with at least 25 patients."},
            .spent = record.reservation->charges,
            .checkpoint = state_.point(),
            .time_bucket_ms = 250,
            .evidence = crypto::Sha256(AsBytes(codec::CanonicalJson(state_.boots().back().boot.evidence))),
            .time = clock_.Now()};
  }

  void Write(ledger::EntryBody body) {
    std::string text = ledger::EncodeEntry({.time = clock_.Now(), .body = std::move(body)}).value();
    const Status applied = state_.Apply(text);
    ASSERT_TRUE(applied.has_value()) << applied.error().public_message << "\n" << text;
    entries_.push_back(std::move(text));
  }

  const Clock& clock_;
  InsecureRngForTest rng_;
  ledger::LedgerState state_;
  std::vector<std::string> entries_;
  std::unique_ptr<crypto::Ed25519Signer> checkpoint_key_, document_key_;
  std::uint64_t boot_entry_ = 0;
  mutable std::map<agreement::Thumbprint, std::unique_ptr<sealing::AgeIdentity>> identities_;
  std::map<QueryId, Released> released_;
};

}  // namespace cloister::cli::for_test
