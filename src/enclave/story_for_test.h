#pragma once

// The world of the enclave's story tests: a hospital with sixty patients, an analyst, and a host in memory that a test
// may make hostile. Engine, compiler, sealing and ledger are the real ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "agreement/chain.h"
#include "enclave/enclave.h"
#include "engine/statement_parser.h"
#include "sealing/open_reader.h"
#include "sealing/seal_writer.h"

namespace cloister::enclave {

inline constexpr int kThreads = 2;

// One participant as his own client would be: keys, chain, what he last verified.
struct Person {
  Person(std::string who, std::string organisation_name, Rng& rng)
      : name(std::move(who)),
        organisation(std::move(organisation_name)),
        signer(crypto::Ed25519Signer::Generate(rng)),
        age(sealing::AgeIdentity::Generate(rng)) {}

  agreement::Participant InCharter() const {
    return {.thumbprint = Thumbprint(),
            .public_key = signer.public_key(),
            .recipient = age.recipient().Text(),
            .email = name + "@example.org",
            .name = name,
            .organisation = organisation,
            .roles = {agreement::ParticipantRole::kAnalyst, agreement::ParticipantRole::kApprover,
                      agreement::ParticipantRole::kOwner}};
  }
  agreement::Thumbprint Thumbprint() const { return signer.public_key().Thumbprint(); }

  std::string name;
  std::string organisation;
  crypto::Ed25519Signer signer;
  sealing::AgeIdentity age;
  agreement::ChainState chain;
};

// Patients 1..60 in three wards of 30, 20 and 10; three visits each.
inline std::string VisitsCsv() {
  std::string csv = "patient_id,ward,charge\n";
  for (int patient = 1; patient <= 60; ++patient) {
    const char* ward = patient <= 30 ? "North" : patient <= 50 ? "South" : "Rare";
    for (int visit = 0; visit < 3; ++visit) {
      csv += std::to_string(patient) + "," + ward + "," + std::to_string(100 + visit) + "\n";
    }
  }
  return csv;
}

// A second passes between any two looks at it.
class SteppingClock final : public Clock {
 public:
  Instant Now() const override { return {now_ms_ += 1000}; }
  std::int64_t MonotonicMs() const override { return now_ms_; }
  Instant NextLook() const { return {now_ms_ + 1000}; }

 private:
  mutable std::int64_t now_ms_ = 1'800'000'000'000;
};

// Somebody acts while the enclave waits for the end of a bucket.
class PacerThatCalls final : public Pacer {
 public:
  void WaitUntil(std::int64_t) override { then(); }
  std::function<void()> then;
};

class EnclaveStory : public testing::Test {
 protected:
  EnclaveStory()
      : rng_(7),
        clock_(),
        pacer_(clock_),
        attester_(Digest256{1}),
        parser_(std::move(engine::DuckDbStatementParser::Open()).value()),
        environment_(EnvironmentId::New(clock_, rng_)),
        sealer_(sealing::AgeIdentity::Generate(rng_)),
        hospital_("hospital", "hospital", rng_),
        analyst_("analyst", "institute", rng_) {
    enclave_ = MakeEnclave(host_);
  }

  std::unique_ptr<Enclave> MakeEnclave(Host& host) {
    return std::make_unique<Enclave>(EnclaveParts{.database = engine::UnconfinedDatabase::Open().value(),
                                                  .parser = *parser_,
                                                  .attester = attester_,
                                                  .host = host,
                                                  .clock = *enclave_clock_,
                                                  .pacer = *enclave_pacer_,
                                                  .rng = rng_});
  }

  agreement::Charter MakeCharter() {
    agreement::Charter charter{.environment = environment_,
                               .name = "story",
                               .participants = {hospital_.InCharter(), analyst_.InCharter()},
                               .approval_rule = {.kind = agreement::ApprovalRule::Kind::kOwners},
                               .cross_owner_joins = true,
                               .appraisal_policy = {.accept = {"simulated"}, .measurements = {Digest256{1}}},
                               .recovery = agreement::Recovery::kOperator,
                               .run_bounds = {.memory_bytes = 512 << 20, .result_rows = result_rows_}};
    std::sort(charter.participants.begin(), charter.participants.end(),
              [](const auto& a, const auto& b) { return a.thumbprint < b.thumbprint; });
    return charter;
  }

  Result<LaunchAnswer> Launch() {
    return enclave_->Launch(
        {.environment = environment_, .charter = MakeCharter(), .sealer = sealer_.Clone(), .threads = kThreads});
  }

  // What a restart is launched with: all that the host has kept.
  LaunchRequest KeptByHost() {
    const auto stored = host_.log.Snapshot();
    return {.environment = environment_,
            .entries = stored.entries.size(),
            .seal = stored.seal,
            .sealer = sealer_.Clone(),
            .recovery_blob = recovery_blob_,
            .threads = kThreads};
  }
  // A new enclave in place of the one before.
  Result<LaunchAnswer> LaunchAgain(LaunchRequest request) {
    enclave_ = MakeEnclave(host_);
    return enclave_->Launch(std::move(request));
  }
  void Restart() {
    const auto again = LaunchAgain(KeptByHost());
    ASSERT_TRUE(again.has_value()) << again.error().public_message;
  }

  ledger::LedgerState Ledger() {
    auto state = Replay(environment_, host_.log.Snapshot().entries.size(), host_);
    EXPECT_TRUE(state.has_value()) << (state ? "" : state.error().public_message);
    return std::move(state).value();
  }

  Result<LinkAnswer> Say(Person& person, const agreement::LinkBody& body) {
    const agreement::LinkAuthor author(environment_, person.signer, clock_);
    auto link = author.Sign({.chain = person.chain, .checkpoint = Ledger().point()}, body);
    EXPECT_TRUE(link.has_value()) << (link ? "" : link.error().public_message);
    last_digest_ = link->digest();
    auto answer = enclave_->SubmitLink(link->compact());
    if (answer) person.chain = agreement::Extended(*link);
    return answer;
  }

  // Asserts that the link was recorded and took effect.
  void Agreed(const Result<LinkAnswer>& answer) {
    ASSERT_TRUE(answer.has_value()) << answer.error().public_message;
    ASSERT_FALSE(answer->refused.has_value()) << answer->refused->reasons.front();
  }

  void Accept(Person& person) {
    const ledger::LedgerState state = Ledger();
    const ledger::CharterRecord* charter = state.proposed();
    ASSERT_NE(charter, nullptr);
    Agreed(Say(person, agreement::Acceptance{.charter = charter->digest,
                                             .recipient_commitment = charter->recipient_commitment,
                                             .entry_0 = state.log().leaf(0),
                                             .custody = agreement::Custody::kSelf}));
  }

  void Open() {
    const auto launched = Launch();
    ASSERT_TRUE(launched.has_value()) << launched.error().public_message;
    recovery_blob_ = launched->recovery_blob;
    Accept(hospital_);
    Accept(analyst_);
    ASSERT_NE(Ledger().in_force(), nullptr);
  }

  agreement::Manifest MakeManifest(const agreement::SealedObjectRef& object) {
    agreement::Manifest manifest{.dataset = dataset_.value(), .charter = Ledger().in_force()->digest, .name = "visits"};
    manifest.schema = agreement::DecodeSchema(
                          codec::ParseJson(R"([{"name":"patient_id","type":"BIGINT"},{"name":"ward","type":"VARCHAR"},
                                               {"name":"charge","type":"DOUBLE"}])")
                              .value(),
                          "schema")
                          .value();
    manifest.policy = agreement::DecodePolicy(codec::ParseJson(policy_).value(), manifest.schema, "policy").value();
    manifest.object = object;
    return manifest;
  }

  // The hospital seals to the recipient that the enclave's evidence binds, and stores the file with the host.
  agreement::SealedObjectRef Upload(Person& owner) {
    const auto evidence = enclave_->Evidence({}, std::nullopt).value();
    std::string recipient;
    for (const auto& claim : evidence.recipients) {
      if (claim.recipient.thumbprint == owner.Thumbprint()) recipient = claim.recipient.recipient;
    }
    const auto to = sealing::AgeRecipient::Parse(recipient).value();
    MemorySink file(1 << 20);
    auto writer = sealing::SealWriter::Start({.recipients = {&to, 1}, .rng = rng_, .sink = file}).value();
    EXPECT_TRUE(writer.Write(AsBytes(visits_csv_)).has_value());
    const auto ref = writer.Finish().value();
    if (!dataset_) dataset_ = DatasetId::New(clock_, rng_);
    host_.objects[dataset_->str()] = file.Take();
    return ref;
  }

  void Register() {
    const auto ref = Upload(hospital_);
    Agreed(Say(hospital_, MakeManifest(ref)));
    manifest_ = last_digest_;
  }

  void Ask(const std::string& sql) {
    query_ = QueryId::New(clock_, rng_);
    Agreed(Say(analyst_, agreement::QueryRequest{.query = *query_,
                                                 .name = "q",
                                                 .text = sql,
                                                 .datasets = {{.dataset = *dataset_, .manifest = manifest_}},
                                                 .level = level_,
                                                 .recipients = {analyst_.Thumbprint()},
                                                 .charter = Ledger().in_force()->digest}));
  }

  agreement::Approval ApprovalOf(const QueryId& query) {
    const ledger::LedgerState state = Ledger();
    const ledger::QueryRecord* record = state.FindQuery(query);
    return {.query = record->digest,
            .plan = record->report->accepted->plan,
            .report = record->report->accepted->report_digest,
            .charges = record->report->charges,
            .not_after = {clock_.Now().unix_ms / 1000 * 1000 + 7 * 86'400'000LL}};
  }

  std::string OpenResult(const Person& reader) {
    const auto text = sealing::OpenBytes(host_.results.at(query_->str()), reader.age, 1 << 20);
    EXPECT_TRUE(text.has_value());
    std::string json(AsText(text.value()));
    json.erase(json.find_last_not_of(' ') + 1);
    return json;
  }

  std::string visits_csv_ = VisitsCsv();
  std::int64_t result_rows_ = 10'000;
  InsecureRngForTest rng_;
  FakeClock clock_;
  FakePacer pacer_;
  const Clock* enclave_clock_ = &clock_;
  Pacer* enclave_pacer_ = &pacer_;
  tee::SimulatedAttester attester_;
  std::unique_ptr<engine::DuckDbStatementParser> parser_;
  EnvironmentId environment_;
  sealing::AgeIdentity sealer_;
  Person hospital_;
  Person analyst_;
  MemoryHost host_;
  std::unique_ptr<Enclave> enclave_;
  Bytes recovery_blob_;
  std::optional<DatasetId> dataset_;
  std::optional<QueryId> query_;
  Digest256 manifest_{};
  std::string policy_ = R"({"levels":["aggregate_only"],"privacy_unit":"patient_id","min_group_size":15,
                            "columns":{"patient_id":{"roles":["join_key"],"domain":"person"},
                                       "ward":{"roles":["dimension"]},
                                       "charge":{"roles":["measure"],"bounds":[0,5000],"granularity":0.01}},
                            "limits":{}})";
  agreement::Level level_ = agreement::Level::kAggregateOnly;
  Digest256 last_digest_{};
};

inline constexpr char kByWard[] = "SELECT ward, COUNT(*) AS visits, SUM(charge) AS charges FROM visits GROUP BY ward";

}  // namespace cloister::enclave
