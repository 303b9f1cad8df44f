#include "agreement/approval_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agreement/people_for_test.h"

namespace cloister::agreement {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Approvers a, b, c, d; e may only ask. A's data is read.
class Rule : public testing::Test {
 protected:
  Charter With(ApprovalRule rule) { return for_test::CharterOf({a_, b_, c_, d_, e_}, rule); }
  static for_test::Person Approver(std::string name) {
    return {std::move(name), {ParticipantRole::kAnalyst, ParticipantRole::kApprover, ParticipantRole::kOwner}};
  }
  RuleState State(const ApprovalRule& rule, const for_test::Person& submitter, std::vector<for_test::Person> yes,
                  std::vector<for_test::Person> no = {}) {
    const Charter charter = With(rule);
    const Thumbprint who = submitter.thumbprint();
    Decisions decisions{.charter = charter, .submitter = who, .owners_read = {a_.thumbprint()}};
    for (const auto& person : yes) decisions.approved.insert(person.thumbprint());
    for (const auto& person : no) decisions.rejected.insert(person.thumbprint());
    return CheckApprovalRule(decisions).state;
  }

  for_test::Person a_ = Approver("a"), b_ = Approver("b"), c_ = Approver("c"), d_ = Approver("d");
  for_test::Person e_{"e", {ParticipantRole::kAnalyst}};
  const ApprovalRule owners_{.kind = ApprovalRule::Kind::kOwners};
  const ApprovalRule unanimous_{.kind = ApprovalRule::Kind::kUnanimous};
  const ApprovalRule majority_{.kind = ApprovalRule::Kind::kMajority};
};

TEST_F(Rule, OwnersNeedsTheOwnersReadAndNobodyElse) {
  EXPECT_EQ(State(owners_, e_, {}), RuleState::kOpen);
  EXPECT_EQ(State(owners_, e_, {b_, c_, d_}), RuleState::kOpen);
  EXPECT_EQ(State(owners_, e_, {a_}), RuleState::kMet);
  EXPECT_EQ(State(owners_, e_, {a_}, {b_, c_, d_}), RuleState::kMet);
  EXPECT_EQ(State(owners_, e_, {}, {a_}), RuleState::kImpossible);
}

TEST_F(Rule, UnanimousNeedsEveryApprover) {
  EXPECT_EQ(State(unanimous_, e_, {a_, b_, c_}), RuleState::kOpen);
  EXPECT_EQ(State(unanimous_, e_, {a_, b_, c_, d_}), RuleState::kMet);
  EXPECT_EQ(State(unanimous_, e_, {a_, b_, c_}, {d_}), RuleState::kImpossible);
  EXPECT_EQ(State(unanimous_, d_, {a_, b_, c_}), RuleState::kMet);
}

TEST_F(Rule, MajorityNeedsMoreThanHalf) {
  EXPECT_EQ(State(majority_, e_, {a_, b_}), RuleState::kOpen);
  EXPECT_EQ(State(majority_, e_, {a_, b_, c_}), RuleState::kMet);
  EXPECT_EQ(State(majority_, e_, {a_}, {c_, d_}), RuleState::kImpossible);
  // The worked example of the header: C submits, three are asked.
  EXPECT_EQ(State(majority_, c_, {a_, b_}), RuleState::kMet);
  EXPECT_EQ(State(majority_, c_, {a_, d_}, {b_}), RuleState::kMet);
  EXPECT_EQ(State(majority_, c_, {b_, d_}), RuleState::kOpen);
}

TEST_F(Rule, MajorityOfNobodyIsNeverReached) {
  const for_test::Person alone = Approver("alone");
  const Charter charter = for_test::CharterOf({alone}, majority_);
  const Thumbprint who = alone.thumbprint();
  EXPECT_EQ(CheckApprovalRule({.charter = charter, .submitter = who, .approved = {who}}).state, RuleState::kImpossible);
}

TEST_F(Rule, CountNeedsItsNumber) {
  const ApprovalRule two{.kind = ApprovalRule::Kind::kCount, .count = 2};
  EXPECT_EQ(State(two, e_, {a_}), RuleState::kOpen);
  EXPECT_EQ(State(two, e_, {a_, d_}, {b_, c_}), RuleState::kMet);
  EXPECT_EQ(State(two, e_, {a_}, {b_, c_, d_}), RuleState::kImpossible);
  const ApprovalRule four{.kind = ApprovalRule::Kind::kCount, .count = 4};
  EXPECT_EQ(State(four, d_, {}), RuleState::kImpossible);  // only three are asked
}

TEST_F(Rule, AnOwnerWhoSubmitsApprovesToo) {
  EXPECT_EQ(State(owners_, a_, {}), RuleState::kOpen);
  EXPECT_EQ(State(owners_, a_, {a_}), RuleState::kMet);
  // ... and his approval is not counted for the rule.
  EXPECT_EQ(State(majority_, a_, {a_, b_}), RuleState::kOpen);
  EXPECT_EQ(State(majority_, a_, {a_, b_, c_}), RuleState::kMet);
}

TEST_F(Rule, ApprovalsOfPeopleWithoutASayCountNothing) {
  EXPECT_EQ(State(majority_, b_, {a_, b_, e_}), RuleState::kOpen);
}

TEST_F(Rule, SaysWhoIsMissing) {
  const Charter charter = With(majority_);
  const Thumbprint submitter = e_.thumbprint();
  const RuleVerdict verdict = CheckApprovalRule({.charter = charter,
                                                 .submitter = submitter,
                                                 .owners_read = {a_.thumbprint()},
                                                 .approved = {b_.thumbprint()},
                                                 .rejected = {c_.thumbprint()}});
  EXPECT_EQ(verdict.state, RuleState::kOpen);
  EXPECT_THAT(verdict.owners_missing, ElementsAre(a_.thumbprint()));
  EXPECT_EQ(verdict.approvers_waiting, for_test::Sorted({a_.thumbprint(), d_.thumbprint()}));
  EXPECT_EQ(verdict.approvals_missing, 2u);
}

TEST_F(Rule, AsksOwnersAloneOrEveryApproverToo) {
  const std::set<Thumbprint> read = {a_.thumbprint()};
  EXPECT_EQ(WhoIsAsked(With(owners_), b_.thumbprint(), read), read);
  EXPECT_EQ(WhoIsAsked(With(unanimous_), b_.thumbprint(), read),
            (std::set<Thumbprint>{a_.thumbprint(), c_.thumbprint(), d_.thumbprint()}));
  EXPECT_TRUE(WhoIsAsked(With(majority_), a_.thumbprint(), read).contains(a_.thumbprint())) << "his data is read";
}

TEST_F(Rule, OwnersAndOtherApproversMayDecide) {
  const Charter charter = With(owners_);
  EXPECT_TRUE(MayDecide(charter, e_.thumbprint(), {}, b_.thumbprint()));
  EXPECT_FALSE(MayDecide(charter, b_.thumbprint(), {}, b_.thumbprint()));
  EXPECT_TRUE(MayDecide(charter, b_.thumbprint(), {b_.thumbprint()}, b_.thumbprint()));
  EXPECT_FALSE(MayDecide(charter, b_.thumbprint(), {}, e_.thumbprint()));
  EXPECT_FALSE(
      MayDecide(charter, b_.thumbprint(), {for_test::Newcomer().thumbprint()}, for_test::Newcomer().thumbprint()));
}

}  // namespace
}  // namespace cloister::agreement
