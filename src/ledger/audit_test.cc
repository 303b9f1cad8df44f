#include "ledger/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/story_for_test.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Audit : public testing::Test {
 protected:
  Audit() : charter_(people::CharterOf({hospital_, analyst_})), story_(charter_) {
    story_.Accept(hospital_);
    story_.Accept(analyst_);
    story_.Offer(hospital_, people::ManifestOf(people::Dataset('1'), "visits", story_.charter()));
    query_ = Ask('1');
    story_.Approve(hospital_, query_);
    receipt_ = story_.Run(query_);
  }
  Digest256 Ask(char id) {
    return story_.Ask(analyst_, people::RequestOf(people::Query(id), {story_.Reading(people::Dataset('1'))},
                                                  story_.charter(), {analyst_.thumbprint()}));
  }
  std::vector<std::string> Checks(
      const std::vector<std::string>& entries, std::string checkpoint,
      const BootAppraiser& appraise = [](const auto&, const auto&) { return Status(); }) {
    const LedgerAudit audit = AuditLedger(
        {.environment = people::Environment(), .entries = entries, .checkpoint = checkpoint, .appraise = appraise});
    std::vector<std::string> checks;
    for (const AuditFinding& finding : audit.findings) {
      checks.push_back(finding.check + " " + std::to_string(finding.entry) + ": " + finding.message);
    }
    return checks;
  }
  // The receipt as the enclave signs it after a change.
  std::string ReceiptWith(const std::function<void(agreement::Receipt&)>& change) {
    agreement::Receipt receipt = agreement::VerifyReceipt(receipt_, story_.document_key().public_key())->body();
    change(receipt);
    return agreement::SignReceipt(story_.document_key(), receipt)->compact();
  }

  people::Person hospital_ = people::Hospital();
  people::Person analyst_ = people::Analyst();
  agreement::Charter charter_;
  for_test::Story story_;
  Digest256 query_{};
  std::string receipt_;
};

TEST_F(Audit, AnHonestLedgerHolds) { EXPECT_THAT(Checks(story_.entries(), story_.Checkpoint()), IsEmpty()); }

TEST_F(Audit, EveryBootIsAppraisedUnderItsCharter) {
  story_.Boot(charter_);
  std::vector<std::string> seen;
  const auto appraise = [&](const Entry& entry, const agreement::Charter& charter) -> Status {
    seen.push_back(std::to_string(entry.As<BootEntry>()->boot) + " " + charter.name);
    return VerificationFailed("no evidence");
  };
  EXPECT_THAT(Checks(story_.entries(), story_.Checkpoint(), appraise),
              ElementsAre("boot.evidence 0: no evidence", HasSubstr("boot.evidence")));
  EXPECT_THAT(seen, ElementsAre("0 coinsurance and visits", "1 coinsurance and visits"));
}

TEST_F(Audit, AChangedEntryIsFoundWithWhatFollowsFromIt) {
  std::vector<std::string> entries = story_.entries();
  const std::size_t approval = 6;
  entries[approval].replace(entries[approval].size() - 20, 1, "_");
  const auto findings = Checks(entries, story_.Checkpoint());
  ASSERT_FALSE(findings.empty());
  EXPECT_THAT(findings[0], HasSubstr("entry 6: "));
  EXPECT_THAT(findings.back(), HasSubstr("checkpoint"));
}

TEST_F(Audit, ALinkWithoutEffectAndWithoutRefusalIsFound) {
  const std::string before = story_.Checkpoint();
  story_.Reject(hospital_, Digest256{1});
  std::vector<std::string> entries = story_.entries();
  entries.pop_back();
  EXPECT_THAT(Checks(entries, before), Contains(HasSubstr("its refusal does not follow")));
}

TEST_F(Audit, ACheckpointOfOtherEntriesIsFound) {
  const std::string before = story_.Checkpoint();
  Ask('2');
  EXPECT_THAT(Checks(story_.entries(), before), ElementsAre(HasSubstr("it is not of these entries")));
}

TEST_F(Audit, ACheckpointByAnOlderBootsKeyIsFound) {
  const std::string before = story_.Checkpoint();
  story_.Boot(charter_);
  EXPECT_THAT(Checks(story_.entries(), before), ElementsAre(HasSubstr("not signed by the enclave's checkpoint key")));
}

TEST_F(Audit, AnEmptyLedgerIsNone) {
  EXPECT_THAT(Checks({}, story_.Checkpoint()), ElementsAre(HasSubstr("no boot whose key")));
}

TEST_F(Audit, FindingsAreBounded) {
  const std::vector<std::string> rubbish(kAuditFindingsMax + 50, "{}");
  EXPECT_EQ(Checks(rubbish, story_.Checkpoint()).size(), kAuditFindingsMax);
}

TEST_F(Audit, AReceiptOfThisLedgerHolds) {
  const CheckedReceipt checked = CheckReceipt(story_.state(), receipt_).value();
  EXPECT_EQ(checked.receipt.body().query, query_);
  EXPECT_EQ(checked.release_entry, story_.state().size() - 1);
}

TEST_F(Audit, AReceiptThatNoReleaseNamesIsRefused) {
  const std::string other = ReceiptWith([](auto& receipt) { receipt.rows = 4; });
  EXPECT_EQ(CheckReceipt(story_.state(), other).error().public_message,
            "no release entry of this ledger names the receipt");
}

TEST_F(Audit, AReceiptThatTheEnclaveDidNotSignIsRefused) {
  agreement::Receipt receipt = agreement::VerifyReceipt(receipt_, story_.document_key().public_key())->body();
  const std::string forged = agreement::SignReceipt(people::SignerFrom("the server"), receipt)->compact();
  EXPECT_EQ(CheckReceipt(story_.state(), forged).error().code, Code::kVerificationFailed);
}

// An enclave that wrote a release whose receipt lies: each member is compared with what the ledger has.
TEST_F(Audit, AReleasedReceiptThatContradictsTheLedgerIsFound) {
  const auto refused = [&](const std::function<void(agreement::Receipt&)>& change) {
    people::Person analyst = analyst_;
    people::Person hospital = hospital_;
    for_test::Story story = story_;
    const Digest256 query =
        story.Ask(analyst, people::RequestOf(people::Query('3'), {story.Reading(people::Dataset('1'))}, story.charter(),
                                             {analyst.thumbprint()}));
    story.Approve(hospital, query);
    story.Write(story.state().Reserve(query, story.now()).value());
    story.Write(ExecutionEntry{.query = query, .outcome = Outcome::kReleased, .code = "OK"});
    agreement::Receipt receipt = story.ReceiptOf(query);
    change(receipt);
    const auto lying = agreement::SignReceipt(story.document_key(), receipt).value();
    story.Write(ReleaseEntry{.query = query, .receipt = lying.digest(), .result = people::DigestOf("sealed result")});
    const auto checked = CheckReceipt(story.state(), lying.compact());
    return checked ? "" : checked.error().public_message;
  };
  EXPECT_EQ(refused([](auto&) {}), "");
  EXPECT_THAT(refused([&](auto& receipt) { receipt.query = query_; }), HasSubstr("receipt's query "));
  EXPECT_THAT(refused([](auto& receipt) { receipt.query_id = people::Query('9'); }), HasSubstr("query_id"));
  EXPECT_THAT(refused([](auto& receipt) { receipt.plan = Digest256{1}; }), HasSubstr("plan"));
  EXPECT_THAT(refused([](auto& receipt) { receipt.report_digest = Digest256{1}; }), HasSubstr("report_digest"));
  EXPECT_THAT(refused([](auto& receipt) { receipt.approvals = {Digest256{1}}; }), HasSubstr("approvals"));
  EXPECT_THAT(refused([](auto& receipt) { receipt.spent = {}; }), HasSubstr("spent"));
  EXPECT_THAT(refused([](auto& receipt) { receipt.result.digest = Digest256{1}; }), HasSubstr("result"));
  EXPECT_THAT(refused([](auto& receipt) { receipt.recipients = {people::Hospital().thumbprint()}; }),
              HasSubstr("recipients"));
  EXPECT_THAT(refused([](auto& receipt) { receipt.checkpoint.size -= 1; }), HasSubstr("checkpoint"));
  EXPECT_THAT(refused([](auto& receipt) { receipt.evidence = Digest256{1}; }), HasSubstr("evidence"));
  EXPECT_THAT(refused([](auto& receipt) { receipt.environment = people::Environment('2'); }), HasSubstr("environment"));
}

}  // namespace
}  // namespace cloister::ledger
