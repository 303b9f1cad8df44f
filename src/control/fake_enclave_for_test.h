#pragma once

// An enclave without a compiler, an engine or a process: threads behind a socketpair that keep the same
// ledger by the same rules (ledger::LedgerState), sign with real keys and answer the methods of
// docs/formats/channel.md. It accepts every query whose text does not hold the word "refuse". Tests bend it
// through Behaviour.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agreement/enclave_documents.h"
#include "agreement/keys.h"
#include "attestation/enclave_appraisal.h"
#include "attestation/simulated/simulated.h"
#include "base/clock.h"
#include "base/rng.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "ledger/checkpoint.h"
#include "ledger/replay.h"
#include "ledger/seal.h"
#include "net/frame/channel.h"
#include "sealing/age_identity.h"
#include "sealing/seal_writer.h"

namespace cloister::control {

// How the fake misbehaves. Shared by all enclaves of one provider.
struct FakeBehaviour {
  std::atomic<bool> claims_other_measurement = false;
  std::atomic<bool> puts_other_result = false;  // than its receipt says
  std::atomic<bool> fails_to_load = false;
  std::atomic<int> loads = 0;  // how often it was asked to
  std::atomic<bool> ends_at_link = false;  // before it records it
  std::atomic<bool> ends_at_execute = false;
  std::atomic<bool> ends_after_release = false;
  std::atomic<bool> fails_to_launch = false;
};

class FakeEnclave {
 public:
  FakeEnclave(int fd, FakeBehaviour& behaviour, const Clock& clock, Rng& rng)
      : behaviour_(behaviour),
        clock_(clock),
        rng_(rng),
        checkpoint_key_(crypto::Ed25519Signer::Generate(rng)),
        document_key_(crypto::Ed25519Signer::Generate(rng)),
        channel_(std::make_unique<net::Channel>(
            fd,
            net::ChannelOptions{.handler = [this](const net::ChannelRequest& request) { return Handle(request); }})) {}

  static Digest256 Measurement() { return crypto::Sha256(AsBytes("the fake enclave")); }
  void Die() { channel_->Close(); }
  bool running() const { return !channel_->closed(); }

 private:
  using Answer = Result<net::ChannelAnswer>;

  Answer Handle(const net::ChannelRequest& request) {
    std::unique_lock lock(mutex_);
    if (request.method == "launch") return Launch(request);
    if (request.method == "stop") return Stop();
    if (!state_) return FailedPrecondition("not launched");
    if (request.method == "evidence") return Evidence(request);
    if (request.method == "propose") return Propose(request);
    if (request.method == "link") return Link(std::string(request.params.at("document").as_string()));
    if (request.method == "load") return Load(std::string(request.params.at("dataset").as_string()), lock);
    if (request.method == "execute") return Execute(std::string(request.params.at("query").as_string()));
    if (request.method == "cancel") return net::ChannelAnswer{};
    return InvalidArgument("no such method");
  }

  Answer Stop() {
    channel_->Close();
    return net::ChannelAnswer{};
  }

  Answer Launch(const net::ChannelRequest& request) {
    if (behaviour_.fails_to_launch) return Internal("the fake does not launch");
    CLOISTER_ASSIGN(EnvironmentId id,
                    EnvironmentId::Parse(std::string_view(request.params.at("environment").as_string())));
    const std::int64_t entries = request.params.at("entries").to_number<std::int64_t>();
    state_.emplace(id);
    environment_key_ = SecretBytes(32);
    if (entries == 0) {
      rng_.Fill(environment_key_.mutable_view());
      CLOISTER_ASSIGN(const auto charter, agreement::DecodeCharter(request.params.at("charter")));
      CLOISTER_TRY(Boot(charter, true));
    } else {
      CLOISTER_TRY(Resume(request, static_cast<std::uint64_t>(entries)));
    }
    net::ChannelAnswer answer;
    answer.head["origin"] = attestation::OriginName(origin_);
    answer.head["boot_entry"] = boot_entry_;
    answer.head["keys"] = attestation::EncodeBootKeys(Keys());
    answer.head["checkpoint"] = checkpoint_;
    answer.head["sandbox"] = codec::JsonObject();
    if (request.params.as_object().contains("sealer")) answer.body = ToBytes(environment_key_.view());
    return answer;
  }

  Status Resume(const net::ChannelRequest& request, std::uint64_t entries) {
    environment_key_ = SecretBytes::CopyOf(request.body);
    origin_ = attestation::Origin::kRecovered;
    while (state_->size() < entries) {
      CLOISTER_ASSIGN(const auto answer,
                      channel_->Call({.method = "read_entries", .params = {{"from", state_->size()}, {"count", 256}}}));
      for (const auto& text : answer.head.at("entries").as_array()) {
        CLOISTER_TRY(state_->Apply(std::string_view(text.as_string())));
      }
    }
    const auto* charter = state_->in_force() != nullptr ? state_->in_force() : state_->proposed();
    const agreement::Charter terms = charter->charter;
    return Boot(terms, false);
  }

  Status Boot(const agreement::Charter& charter, bool genesis) {
    boot_entry_ = state_->size();
    CLOISTER_ASSIGN(const auto evidence, Attest(charter, attestation::kArchiveNonce));
    std::vector<ledger::EntryBody> bodies;
    bodies.emplace_back(ledger::BootEntry{.boot = static_cast<std::int64_t>(state_->boots().size()),
                                          .origin = std::string(attestation::OriginName(origin_)),
                                          .checkpoint_key = checkpoint_key_.public_key(),
                                          .document_key = document_key_.public_key(),
                                          .charter = agreement::CharterDigest(charter),
                                          .recipient_commitment = attestation::RecipientCommitment(Recipients(charter)),
                                          .evidence = attestation::EncodeEvidence(evidence).as_object(),
                                          .endorsements = {}});
    evidence_digest_ = attestation::EvidenceDigest(evidence);
    if (genesis) bodies.emplace_back(CharterEntryOf(charter));
    return Append(std::move(bodies));
  }

  ledger::CharterEntry CharterEntryOf(const agreement::Charter& charter) {
    return {.charter = charter, .recipient_commitment = attestation::RecipientCommitment(Recipients(charter))};
  }

  attestation::BootKeys Keys() const { return {checkpoint_key_.public_key(), document_key_.public_key()}; }

  std::vector<attestation::DatasetRecipient> Recipients(const agreement::Charter& charter) {
    std::vector<attestation::DatasetRecipient> recipients;
    for (const auto& each : charter.participants) {
      auto key =
          crypto::X25519PrivateKey::FromSecret(agreement::DatasetIdentitySecret(environment_key_, each.thumbprint));
      recipients.push_back({each.thumbprint, sealing::AgeIdentity::FromPrivateKey(*std::move(key)).recipient().Text()});
    }
    return recipients;
  }

  Result<attestation::Evidence> Attest(const agreement::Charter& charter, const attestation::Nonce& nonce) {
    const auto binding =
        attestation::Binding({.origin = origin_,
                              .keys = Keys(),
                              .recipient_commitment = attestation::RecipientCommitment(Recipients(charter)),
                              .charter = agreement::CharterDigest(charter),
                              .nonce = nonce});
    const Digest256 other = crypto::Sha256(AsBytes("another program"));
    return attestation::MakeSimulatedEvidence(
        {.measurement = behaviour_.claims_other_measurement ? other : Measurement(), .report_data = binding});
  }

  Answer Evidence(const net::ChannelRequest& request) {
    const auto nonce = codec::Base64UrlDecode(std::string_view(request.params.at("nonce").as_string()));
    const auto digest = codec::HexDecodeDigest(std::string_view(request.params.at("charter").as_string()));
    const auto* record = state_->FindCharter(*digest);
    if (record == nullptr) return NotFound("no such charter");
    const auto recipients = Recipients(record->charter);
    attestation::EnclaveAnswer answer{.origin = origin_,
                                      .boot_entry = boot_entry_,
                                      .keys = Keys(),
                                      .charter = record->digest,
                                      .recipient_commitment = attestation::RecipientCommitment(recipients)};
    CLOISTER_ASSIGN(answer.evidence, Attest(record->charter, ToArray<32>(*nonce)));
    for (std::uint64_t i = 0; i < recipients.size(); ++i) {
      answer.recipients.push_back({recipients[i], i, attestation::ProveRecipient(recipients, i)});
    }
    return net::ChannelAnswer{.head = attestation::EncodeEnclaveAnswer(answer).as_object()};
  }

  Answer Propose(const net::ChannelRequest& request) {
    CLOISTER_ASSIGN(const auto charter, agreement::DecodeCharter(request.params.at("charter")));
    CLOISTER_TRY(state_->CheckProposal(charter));
    const std::uint64_t entry = state_->size();
    std::vector<ledger::EntryBody> bodies;
    bodies.emplace_back(CharterEntryOf(charter));
    CLOISTER_TRY(Append(std::move(bodies)));
    return net::ChannelAnswer{.head = {{"entry", entry}, {"checkpoint", checkpoint_}}};
  }

  Answer Link(const std::string& document) {
    CLOISTER_ASSIGN(const auto link, state_->VerifyLink(document));
    if (behaviour_.ends_at_link.exchange(false)) {
      channel_->Close();
      return Unavailable("gone");
    }
    CLOISTER_ASSIGN(const auto ruling, state_->Judge(link, Now()));
    net::ChannelAnswer answer{.head = {{"entry", state_->size()}, {"checkpoint", checkpoint_}}};
    if (ruling.kind == ledger::LinkRuling::Kind::kAlreadyRecorded) {
      answer.head["entry"] = ruling.entry;
      return answer;
    }
    std::vector<ledger::EntryBody> bodies;
    bodies.emplace_back(ledger::LinkEntry{.jws = link.compact()});
    if (ruling.kind == ledger::LinkRuling::Kind::kHasNoEffect) {
      const auto refusal = ledger::RefusalFor(link, ruling);
      answer.head["refused"] = ledger::EncodeRefusal(refusal);
      bodies.emplace_back(refusal);
    } else if (const auto* query = link.As<agreement::QueryRequest>()) {
      CLOISTER_ASSIGN(const auto report, agreement::SignReport(document_key_, ReportOn(link, *query)));
      bodies.emplace_back(ledger::ReportEntry{.jws = report.compact()});
    }
    CLOISTER_TRY(Append(std::move(bodies)));
    answer.head["checkpoint"] = checkpoint_;
    return answer;
  }

  agreement::Report ReportOn(const agreement::SignedLink& link, const agreement::QueryRequest& query) {
    agreement::Report report{.environment = state_->environment(),
                             .query = link.digest(),
                             .query_id = query.query,
                             .charter = query.charter,
                             .accepted = std::nullopt,
                             .charges = {},
                             .recipients = query.recipients,
                             .approvers = {},
                             .findings = {},
                             .time = Now()};
    if (query.text.find("refuse") != std::string::npos) {
      report.findings.push_back({.rule = "R01", .owner = "cloister", .severity = "error", .message = "it says refuse"});
      return report;
    }
    std::set<agreement::Thumbprint> owners;
    for (const auto& read : query.datasets) {
      report.charges.push_back({.dataset = read.dataset});
      owners.insert(state_->datasets().at(read.dataset).owner);
    }
    report.approvers.assign(owners.begin(), owners.end());
    const codec::JsonObject words{{"says", query.text}};
    report.accepted = agreement::Report::Accepted{
        .plan = crypto::Sha256(AsBytes(query.text)),
        .report_digest = crypto::Sha256(AsBytes(codec::CanonicalJson(codec::Json(words)))),
        .report = words};
    return report;
  }

  // Links are taken while the bytes come, as the real one does.
  Answer Load(const std::string& dataset, std::unique_lock<std::mutex>& lock) {
    ++behaviour_.loads;
    if (behaviour_.fails_to_load) return InvalidArgument("line 3 has too few columns");
    CLOISTER_ASSIGN(const DatasetId id, DatasetId::Parse(dataset));
    const auto* manifest = state_->ManifestInForce(id);
    if (manifest == nullptr) return FailedPrecondition("no manifest in force");
    const auto object = manifest->manifest.object;
    lock.unlock();
    CLOISTER_ASSIGN(const auto answer,
                    channel_->Call({.method = "read_object",
                                    .params = {{"dataset", dataset},
                                               {"object", agreement::EncodeObjectRef(object)},
                                               {"offset", 0},
                                               {"length", object.length_bytes}}}));
    if (answer.body.size() != object.length_bytes) return VerificationFailed("the object is not whole");
    return net::ChannelAnswer{};
  }

  Answer Execute(const std::string& text) {
    if (behaviour_.ends_at_execute) {
      behaviour_.ends_at_execute = false;
      channel_->Close();
      return Unavailable("the fake ends");
    }
    CLOISTER_ASSIGN(const QueryId id, QueryId::Parse(text));
    const auto* found = state_->FindQuery(id);
    if (found == nullptr) return NotFound("no such query");
    if (!found->reservation) {
      CLOISTER_ASSIGN(const auto reservation, state_->Reserve(found->digest, Now()));
      CLOISTER_TRY(AppendOne(reservation));
    }
    const ledger::QueryRecord query = *state_->FindQuery(id);
    CLOISTER_ASSIGN(const Bytes sealed, SealedResult(query));
    Bytes sent = sealed;
    if (behaviour_.puts_other_result) sent.back() ^= 1;
    CLOISTER_TRY(channel_->Call({.method = "put_result", .params = {{"query", text}, {"offset", 0}}, .body = sent}));
    if (query.phase != ledger::QueryPhase::kReleasing) {
      CLOISTER_TRY(AppendOne(
          ledger::ExecutionEntry{.query = query.digest, .outcome = ledger::Outcome::kReleased, .code = "OK"}));
    }
    return Release(query, *query.reservation, sealed);
  }

  Result<Bytes> SealedResult(const ledger::QueryRecord& query) {
    std::vector<sealing::AgeRecipient> recipients;
    for (const auto& each : query.request.recipients) {
      recipients.push_back(*sealing::AgeRecipient::Parse(state_->in_force()->charter.Find(each)->recipient));
    }
    return sealing::SealBytes(AsBytes(R"({"columns":[{"name":"n","type":"BIGINT"}],"rows":[[42]]}   )"), recipients,
                              rng_);
  }

  Answer Release(const ledger::QueryRecord& query, const ledger::ReservationEntry& reservation, ByteView sealed) {
    const agreement::Receipt receipt{
        .environment = state_->environment(),
        .query = query.digest,
        .query_id = query.request.query,
        .plan = query.report->accepted->plan,
        .report_digest = query.report->accepted->report_digest,
        .approvals = reservation.approvals,
        .result = {.digest = crypto::Sha256(sealed), .length_bytes = sealed.size(), .format = "json"},
        .recipients = query.request.recipients,
        .rows = agreement::RowBand(1),
        .spent = reservation.charges,
        .checkpoint = state_->point(),
        .time_bucket_ms = 250,
        .evidence = evidence_digest_,
        .time = Now()};
    CLOISTER_ASSIGN(const auto signed_receipt, agreement::SignReceipt(document_key_, receipt));
    const std::uint64_t entry = state_->size();
    std::vector<ledger::EntryBody> release;
    release.emplace_back(ledger::ReleaseEntry{.query = query.digest,
                                              .receipt = signed_receipt.digest(),
                                              .result = receipt.result.digest,
                                              .guard_state = std::nullopt,
                                              .answer = std::nullopt});
    CLOISTER_TRY(Append(std::move(release), {{"handover",
                                              {{"query", receipt.query_id.str()},
                                               {"receipt", signed_receipt.compact()},
                                               {"format", "json"}}}}));
    if (behaviour_.ends_after_release) channel_->Close();
    return net::ChannelAnswer{.head = {{"outcome", "released"},
                                       {"code", "OK"},
                                       {"receipt", signed_receipt.compact()},
                                       {"release_entry", entry},
                                       {"checkpoint", checkpoint_}}};
  }

  Instant Now() const { return {std::max(clock_.Now().unix_ms / 1000 * 1000, state_->last_time().unix_ms)}; }

  Status AppendOne(ledger::EntryBody body) {
    std::vector<ledger::EntryBody> bodies;
    bodies.push_back(std::move(body));
    return Append(std::move(bodies));
  }

  Status Append(std::vector<ledger::EntryBody> bodies, codec::JsonObject more = {}) {
    const std::uint64_t before = state_->size();
    const Instant now = Now();
    codec::JsonArray texts;
    for (auto& body : bodies) {
      CLOISTER_ASSIGN(const std::string text, ledger::EncodeEntry({.time = now, .body = std::move(body)}));
      CLOISTER_TRY(state_->Apply(text));
      texts.emplace_back(text);
    }
    CLOISTER_ASSIGN(checkpoint_, ledger::SignCheckpoint(checkpoint_key_, state_->environment(), state_->point()));
    const Digest256 seal =
        ledger::SealState(agreement::LedgerSealKey(environment_key_), state_->environment(), state_->point());
    more["size"] = before;
    more["entries"] = std::move(texts);
    more["checkpoint"] = checkpoint_;
    more["seal"] = codec::HexEncode(seal);
    const auto kept = channel_->Call({.method = "append", .params = std::move(more)});
    if (kept) return {};
    channel_->Close();  // nobody knows what the host kept
    return kept.error();
  }

  FakeBehaviour& behaviour_;
  const Clock& clock_;
  Rng& rng_;
  crypto::Ed25519Signer checkpoint_key_;
  crypto::Ed25519Signer document_key_;
  std::mutex mutex_;
  SecretBytes environment_key_;
  attestation::Origin origin_ = attestation::Origin::kGenerated;
  std::uint64_t boot_entry_ = 0;
  Digest256 evidence_digest_{};
  std::string checkpoint_;
  std::optional<ledger::LedgerState> state_;
  std::unique_ptr<net::Channel> channel_;
};

}  // namespace cloister::control
