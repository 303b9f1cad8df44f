// A user's story over the real engine, compiler, sealing and ledger, with a host in memory that may be hostile.

#include "attestation/enclave_appraisal.h"
#include "enclave/story_for_test.h"
#include "ledger/audit.h"

namespace cloister::enclave {
namespace {

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
  EXPECT_EQ(checked->receipt.body().rows, 16);  // two, to whoever may not open it
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

// Takes no result; somebody acts while it is offered one.
class HostThatFails final : public Host {
 public:
  explicit HostThatFails(MemoryHost& host) : host_(host) {}
  Status Append(const ledger::LogAppend& append) override { return host_.Append(append); }
  Result<std::vector<std::string>> Read(std::uint64_t from, std::uint64_t count) override {
    return host_.Read(from, count);
  }
  Result<Bytes> ReadObject(const ObjectRange& range) override { return host_.ReadObject(range); }
  Status PutResult(const std::string&, std::uint64_t, ByteView) override {
    then();
    return Unavailable("the disk is full");
  }
  std::function<void()> then;

 private:
  MemoryHost& host_;
};

TEST_F(EnclaveStory, WhatWasCancelledWhileItsResultWasHandedOutNeverRunsAgain) {
  Open();
  Register();
  Ask(kByWard);
  Agreed(Say(hospital_, ApprovalOf(*query_)));
  HostThatFails failing(host_);
  enclave_ = MakeEnclave(failing);
  ASSERT_TRUE(enclave_->Launch(KeptByHost()).has_value());
  failing.then = [&] { EXPECT_TRUE(enclave_->Cancel(*query_).has_value()); };
  const auto executed = enclave_->Execute(*query_);
  ASSERT_TRUE(executed.has_value()) << executed.error().public_message;
  EXPECT_EQ(executed->outcome, ledger::Outcome::kCancelled);
  failing.then = [] {};
  EXPECT_EQ(enclave_->Execute(*query_).error().code, Code::kRefused);
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
  EXPECT_EQ(first->refused, second->refused);                  // who lost the first answer must not read a yes
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

// What the rows are is their owner's: the host learns that the file does not load, and no line.
TEST_F(EnclaveStory, AFileThatDoesNotFitItsManifestSaysNothingMoreToTheHost) {
  visits_csv_ = "patient_id,ward,charge\n1,North,10\n2,South,many\n";
  Open();
  Register();
  const Status loaded = enclave_->Load(*dataset_);
  EXPECT_EQ(loaded.error().code, Code::kInvalidArgument);
  EXPECT_THAT(loaded.error().public_message, testing::StartsWith("the file cannot be loaded"));
  Ask(kByWard);
  Agreed(Say(hospital_, ApprovalOf(*query_)));
  const auto executed = enclave_->Execute(*query_);
  ASSERT_TRUE(executed.has_value()) << executed.error().public_message;
  EXPECT_EQ(executed->outcome, ledger::Outcome::kFailed);
  EXPECT_EQ(executed->code, "FAILED");
  EXPECT_EQ(Ledger().FindQuery(*query_)->execution->code, "FAILED");
}

// The participants' limit, met: one bit, whichever limit it was.
TEST_F(EnclaveStory, AQueryThatMeetsALimitOfTheCharterFailsWithoutSayingWhich) {
  result_rows_ = 1;
  Open();
  Register();
  Ask(kByWard);
  Agreed(Say(hospital_, ApprovalOf(*query_)));
  EXPECT_EQ(enclave_->Execute(*query_)->code, "FAILED");
  EXPECT_TRUE(host_.results.empty());
}

TEST_F(EnclaveStory, ARevokedManifestsTableIsGone) {
  Open();
  Register();
  ASSERT_TRUE(enclave_->Load(*dataset_).has_value());
  ASSERT_TRUE(enclave_->IsLoaded(*dataset_));
  Agreed(Say(hospital_, agreement::Revocation{.ends = agreement::Revocation::Ends::kManifest, .document = manifest_}));
  EXPECT_FALSE(enclave_->IsLoaded(*dataset_));
}

TEST_F(EnclaveStory, ATerminatedEnvironmentHoldsNoTable) {
  Open();
  Register();
  ASSERT_TRUE(enclave_->Load(*dataset_).has_value());
  Agreed(Say(analyst_, agreement::Revocation{.ends = agreement::Revocation::Ends::kTermination}));
  EXPECT_FALSE(enclave_->IsLoaded(*dataset_));
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
  const auto again = LaunchAgain(KeptByHost());
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
  LaunchRequest request = KeptByHost();
  request.sealer = sealing::AgeIdentity::Generate(rng_);
  const auto again = LaunchAgain(std::move(request));
  EXPECT_EQ(again.error().code, Code::kFailedPrecondition);
}

TEST_F(EnclaveStory, ALedgerThatNeverWasIsNotResumed) {
  Open();
  LaunchRequest request = KeptByHost();
  --request.entries;  // without the last acceptance, under the last seal
  const auto again = LaunchAgain(std::move(request));
  EXPECT_EQ(again.error().code, Code::kVerificationFailed);
}

TEST_F(EnclaveStory, EvidenceBindsTheNonceAndTheRecipients) {
  ASSERT_TRUE(Launch().has_value());
  const attestation::Nonce nonce{5};
  const auto answer = enclave_->Evidence(nonce, std::nullopt).value();
  const auto terms = attestation::ReadTerms(agreement::EncodeCharter(MakeCharter())).value();
  EXPECT_TRUE(
      attestation::AppraiseEnclave(answer, {.terms = terms, .nonce = nonce, .now = clock_.Now()}).enclave.has_value());
  EXPECT_FALSE(
      attestation::AppraiseEnclave(answer, {.terms = terms, .nonce = {6}, .now = clock_.Now()}).enclave.has_value());
  auto swapped = answer;
  std::swap(swapped.recipients[0].recipient.recipient, swapped.recipients[1].recipient.recipient);
  EXPECT_FALSE(
      attestation::AppraiseEnclave(swapped, {.terms = terms, .nonce = nonce, .now = clock_.Now()}).enclave.has_value());
}

TEST_F(EnclaveStory, AFailedWriteClosesTheLedgerUntilTheNextBoot) {
  Open();
  const ledger::LogAppend stranger{.size_before = host_.log.Snapshot().entries.size(), .entries = {"{}"}};
  ASSERT_TRUE(host_.log.Append(stranger).has_value());  // somebody else wrote
  const agreement::LinkAuthor author(environment_, analyst_.signer, clock_);
  const auto state = Replay(environment_, host_.log.Snapshot().entries.size() - 1, host_).value();
  const auto link = author.Sign({.chain = analyst_.chain, .checkpoint = state.point()},
                                agreement::Rejection{.query = Digest256{9}, .reason = "x"});
  EXPECT_EQ(enclave_->SubmitLink(link->compact()).error().code, Code::kConflict);
  EXPECT_EQ(enclave_->SubmitLink(link->compact()).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace cloister::enclave
