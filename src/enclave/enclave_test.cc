// A user's story over the real engine, compiler, sealing and ledger, with a host in memory that may be hostile.

#include "enclave/enclave.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "agreement/chain.h"
#include "codec/text.h"
#include "engine/statement_parser.h"
#include "ledger/audit.h"
#include "sealing/open_reader.h"
#include "sealing/seal_writer.h"

namespace cloister::enclave {
namespace {

constexpr EnclaveLimits kLimits{.memory_bytes = 512 << 20, .threads = 2, .query_ms = 60'000, .result_rows = 10'000};

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
            .roles = {agreement::ParticipantRole::kAnalyst, agreement::ParticipantRole::kApprover, agreement::ParticipantRole::kOwner}};
  }
  agreement::Thumbprint Thumbprint() const { return signer.public_key().Thumbprint(); }

  std::string name;
  std::string organisation;
  crypto::Ed25519Signer signer;
  sealing::AgeIdentity age;
  agreement::ChainState chain;
};

// Patients 1..60 in three wards of 30, 20 and 10; three visits each.
std::string VisitsCsv() {
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
                               .recovery = agreement::Recovery::kOperator};
    std::sort(charter.participants.begin(), charter.participants.end(),
              [](const auto& a, const auto& b) { return a.thumbprint < b.thumbprint; });
    return charter;
  }

  Result<LaunchAnswer> Launch() {
    return enclave_->Launch({.environment = environment_, .charter = MakeCharter(), .sealer = sealer_.Clone(), .limits = kLimits});
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
                                               {"name":"charge","type":"DOUBLE"}])").value(), "schema").value();
    manifest.policy = agreement::DecodePolicy(
                          codec::ParseJson(R"({"levels":["aggregate_only"],"privacy_unit":"patient_id","min_group_size":15,
                            "columns":{"patient_id":{"roles":["join_key"],"domain":"person"},"ward":{"roles":["dimension"]},
                                       "charge":{"roles":["measure"],"bounds":[0,5000],"granularity":0.01}},
                            "limits":{}})").value(), manifest.schema, "policy").value();
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
    sealing::MemorySink file(1 << 20);
    auto writer = sealing::SealWriter::Start({.recipients = {&to, 1}, .rng = rng_, .sink = file}).value();
    EXPECT_TRUE(writer.Write(AsBytes(VisitsCsv())).has_value());
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
  Digest256 last_digest_{};
};

constexpr char kByWard[] = "SELECT ward, COUNT(*) AS visits, SUM(charge) AS charges FROM visits GROUP BY ward";

TEST_F(EnclaveStory, AnApprovedQueryReleasesProtectedGroupsOnly) {
  Open();
  Register();
  Ask(kByWard);
  ASSERT_EQ(Ledger().FindQuery(*query_)->phase, ledger::QueryPhase::kReported);
  Agreed(Say(hospital_, ApprovalOf(*query_)));

  const auto executed = enclave_->Execute(*query_);
  ASSERT_TRUE(executed.has_value()) << executed.error().public_message;
  ASSERT_EQ(executed->outcome, ledger::Outcome::kReleased) << executed->code;
  const std::string json = OpenResult(analyst_);
  EXPECT_THAT(json, testing::HasSubstr("North"));
  EXPECT_THAT(json, testing::HasSubstr("South"));
  EXPECT_THAT(json, testing::Not(testing::HasSubstr("Rare")));  // ten patients, k is fifteen

  const auto checked = ledger::CheckReceipt(Ledger(), executed->receipt);
  ASSERT_TRUE(checked.has_value()) << checked.error().public_message;
  EXPECT_EQ(checked->receipt.body().rows, 2);
}

TEST_F(EnclaveStory, NothingRunsBeforeTheOwnerApproved) {
  Open();
  Register();
  Ask(kByWard);
  const auto before = host_.log.Snapshot().entries.size();
  EXPECT_EQ(enclave_->Execute(*query_).error().code, Code::kRefused);
  EXPECT_EQ(host_.log.Snapshot().entries.size(), before);
  EXPECT_TRUE(host_.results.empty());
}

TEST_F(EnclaveStory, AnApprovalOfAnotherPlanDoesNotCount) {
  Open();
  Register();
  Ask(kByWard);
  agreement::Approval approval = ApprovalOf(*query_);
  approval.plan[0] ^= 1;
  const auto answer = Say(hospital_, approval);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->refused.has_value());
  EXPECT_EQ(enclave_->Execute(*query_).error().code, Code::kRefused);
}

TEST_F(EnclaveStory, WhatIsRuledAtATimeIsWrittenAtThatTime) {
  const SteppingClock stepping;
  enclave_clock_ = &stepping;
  enclave_ = MakeEnclave(host_);
  Open();
  Register();
  Ask(kByWard);
  agreement::Approval approval = ApprovalOf(*query_);
  approval.not_after = stepping.NextLook();  // a second look would find it expired, and close the ledger for good
  Agreed(Say(hospital_, approval));
  EXPECT_EQ(Ledger().FindQuery(*query_)->approvals.size(), 1u);
  EXPECT_EQ(enclave_->Execute(*query_).error().code, Code::kRefused);  // it has expired since
  approval.not_after = {stepping.NextLook().unix_ms + 1000};           // one look to approve, the next to reserve
  Agreed(Say(hospital_, approval));
  const auto executed = enclave_->Execute(*query_);
  ASSERT_TRUE(executed.has_value()) << executed.error().public_message;
  EXPECT_EQ(executed->outcome, ledger::Outcome::kReleased) << executed->code;
}

TEST_F(EnclaveStory, CancellingInsideTheBucketDoesNotTellWhetherThePlanHadEnded) {
  PacerThatCalls pacer;
  enclave_pacer_ = &pacer;
  enclave_ = MakeEnclave(host_);
  Open();
  Register();
  Ask(kByWard);
  Agreed(Say(hospital_, ApprovalOf(*query_)));
  pacer.then = [&] { EXPECT_TRUE(enclave_->Cancel(*query_).has_value()); };
  const auto executed = enclave_->Execute(*query_);
  ASSERT_TRUE(executed.has_value()) << executed.error().public_message;
  EXPECT_EQ(executed->outcome, ledger::Outcome::kCancelled);
  EXPECT_TRUE(host_.results.empty());
}

TEST_F(EnclaveStory, AReplayedLinkIsAnsweredAsBeforeAndWritesNothing) {
  Open();
  Register();
  const auto before = host_.log.Snapshot().entries.size();
  const agreement::LinkAuthor author(environment_, analyst_.signer, clock_);
  const auto link = author.Sign({.chain = analyst_.chain, .checkpoint = Ledger().point()},
                                agreement::Rejection{.query = Digest256{9}, .reason = "no such query"});
  const auto first = enclave_->SubmitLink(link->compact());
  const auto second = enclave_->SubmitLink(link->compact());
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->entry, second->entry);
  ASSERT_TRUE(first->refused.has_value());
  EXPECT_EQ(first->refused, second->refused);  // who lost the first answer must not read a yes
  EXPECT_EQ(host_.log.Snapshot().entries.size(), before + 2);  // the link and its refusal
}

TEST_F(EnclaveStory, ARefusedQueryIsReportedWithItsFindings) {
  Open();
  Register();
  Ask("SELECT * FROM visits");
  const ledger::LedgerState state = Ledger();
  const ledger::QueryRecord* query = state.FindQuery(*query_);
  EXPECT_EQ(query->phase, ledger::QueryPhase::kRefused);
  EXPECT_FALSE(query->report->findings.empty());
}

TEST_F(EnclaveStory, AnotherPayloadUnderTheSameHeaderIsNotLoaded) {
  Open();
  Register();
  host_.objects[dataset_->str()].back() ^= 1;
  EXPECT_EQ(enclave_->Load(*dataset_).error().code, Code::kVerificationFailed);
  EXPECT_FALSE(enclave_->IsLoaded(*dataset_));
}

TEST_F(EnclaveStory, DamagedBytesDoNotEndAnApprovedQuery) {
  Open();
  Register();
  Ask(kByWard);
  Agreed(Say(hospital_, ApprovalOf(*query_)));
  host_.objects[dataset_->str()].back() ^= 1;
  EXPECT_EQ(enclave_->Execute(*query_).error().code, Code::kDataLoss);
  EXPECT_EQ(Ledger().FindQuery(*query_)->phase, ledger::QueryPhase::kReserved);
  host_.objects[dataset_->str()].back() ^= 1;  // the host finds the right bytes again
  EXPECT_EQ(enclave_->Execute(*query_)->outcome, ledger::Outcome::kReleased);
}

TEST_F(EnclaveStory, OneOwnersFileInAnothersManifestStaysClosed) {
  Open();
  const auto ref = Upload(hospital_);
  dataset_ = DatasetId::New(clock_, rng_);
  host_.objects[dataset_->str()] = host_.objects.begin()->second;
  Agreed(Say(analyst_, MakeManifest(ref)));  // the analyst claims the hospital's ciphertext as his own
  EXPECT_EQ(enclave_->Load(*dataset_).error().code, Code::kPermissionDenied);
}

TEST_F(EnclaveStory, ARestartedEnclaveGoesOnWhereItStopped) {
  Open();
  Register();
  Ask(kByWard);
  Agreed(Say(hospital_, ApprovalOf(*query_)));
  const auto stored = host_.log.Snapshot();
  enclave_ = MakeEnclave(host_);
  const auto again = enclave_->Launch({.environment = environment_,
                                       .entries = stored.entries.size(),
                                       .seal = stored.seal,
                                       .sealer = sealer_.Clone(),
                                       .recovery_blob = recovery_blob_,
                                       .limits = kLimits});
  ASSERT_TRUE(again.has_value()) << again.error().public_message;
  EXPECT_EQ(again->origin, attestation::Origin::kRecovered);
  EXPECT_NE(again->recovery_blob, recovery_blob_);
  const auto executed = enclave_->Execute(*query_);
  ASSERT_TRUE(executed.has_value()) << executed.error().public_message;
  EXPECT_EQ(executed->outcome, ledger::Outcome::kReleased) << executed->code;
  EXPECT_THAT(OpenResult(analyst_), testing::HasSubstr("North"));
}

TEST_F(EnclaveStory, ACopiedFolderDoesNotOpenUnderAnotherSealer) {
  Open();
  const auto stored = host_.log.Snapshot();
  enclave_ = MakeEnclave(host_);
  const auto again = enclave_->Launch({.environment = environment_,
                                       .entries = stored.entries.size(),
                                       .seal = stored.seal,
                                       .sealer = sealing::AgeIdentity::Generate(rng_),
                                       .recovery_blob = recovery_blob_,
                                       .limits = kLimits});
  EXPECT_EQ(again.error().code, Code::kPermissionDenied);
}

TEST_F(EnclaveStory, ALedgerThatNeverWasIsNotResumed) {
  Open();
  const auto stored = host_.log.Snapshot();
  enclave_ = MakeEnclave(host_);
  const auto again = enclave_->Launch({.environment = environment_,
                                       .entries = stored.entries.size() - 1,  // without the last acceptance, under the last seal
                                       .seal = stored.seal,
                                       .sealer = sealer_.Clone(),
                                       .recovery_blob = recovery_blob_,
                                       .limits = kLimits});
  EXPECT_EQ(again.error().code, Code::kVerificationFailed);
}

TEST_F(EnclaveStory, EvidenceBindsTheNonceAndTheRecipients) {
  ASSERT_TRUE(Launch().has_value());
  const attestation::Nonce nonce{5};
  const auto answer = enclave_->Evidence(nonce, std::nullopt).value();
  const auto terms = attestation::ReadTerms(agreement::EncodeCharter(MakeCharter())).value();
  EXPECT_TRUE(attestation::AppraiseEnclave(answer, {.terms = terms, .nonce = nonce, .now = clock_.Now()}).enclave.has_value());
  EXPECT_FALSE(attestation::AppraiseEnclave(answer, {.terms = terms, .nonce = {6}, .now = clock_.Now()}).enclave.has_value());
  auto swapped = answer;
  std::swap(swapped.recipients[0].recipient.recipient, swapped.recipients[1].recipient.recipient);
  EXPECT_FALSE(attestation::AppraiseEnclave(swapped, {.terms = terms, .nonce = nonce, .now = clock_.Now()}).enclave.has_value());
}

TEST_F(EnclaveStory, AFailedWriteClosesTheLedgerUntilTheNextBoot) {
  Open();
  const ledger::LogAppend stranger{.size_before = host_.log.Snapshot().entries.size(), .entries = {"{}"}};
  ASSERT_TRUE(host_.log.Append(stranger).has_value());  // somebody else wrote
  const agreement::LinkAuthor author(environment_, analyst_.signer, clock_);
  const auto state = Replay(environment_, host_.log.Snapshot().entries.size() - 1, host_).value();
  const auto link = author.Sign({.chain = analyst_.chain, .checkpoint = state.point()}, agreement::Rejection{.query = Digest256{9}, .reason = "x"});
  EXPECT_EQ(enclave_->SubmitLink(link->compact()).error().code, Code::kConflict);
  EXPECT_EQ(enclave_->SubmitLink(link->compact()).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace cloister::enclave
