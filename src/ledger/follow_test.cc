#include "ledger/follow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/story_for_test.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using ::testing::HasSubstr;

Status TrustAll(const BootEntry&) { return {}; }

ProvenEntry Proven(const for_test::Story& story, std::uint64_t index) {
  return {.index = index,
          .text = story.entries()[index],
          .proof = story.state().log().InclusionProof(index, story.state().size())};
}

// What an honest server shows somebody who has verified `size` entries and boots up to entry `boot`.
LedgerStep Step(const for_test::Story& story, std::uint64_t size, std::optional<std::uint64_t> boot) {
  LedgerStep step{.checkpoint = story.Checkpoint(),
                  .consistency = story.state().log().ConsistencyProof(size, story.state().size())};
  for (const BootRecord& record : story.state().boots()) {
    if (!boot || record.entry > *boot) step.boots.push_back(Proven(story, record.entry));
  }
  return step;
}

class Follower : public testing::Test {
 protected:
  Follower() : charter_(people::CharterOf({hospital_, analyst_})), story_(charter_) {
    story_.Accept(hospital_);
    view_ = BeginView(people::Environment(), Step(story_, 0, std::nullopt), TrustAll).value();
  }
  Result<LedgerAdvance> Advanced(const for_test::Story& story) {
    return AdvanceView(*view_, Step(story, view_->point.size, view_->boot_entry), TrustAll);
  }

  people::Person hospital_ = people::Hospital();
  people::Person analyst_ = people::Analyst();
  agreement::Charter charter_;
  for_test::Story story_;
  std::optional<LedgerView> view_;
};

TEST_F(Follower, BeginsWithEntryZeroAndTheNewestBoot) {
  EXPECT_EQ(view_->point, story_.state().point());
  EXPECT_EQ(view_->entry_0, story_.state().log().leaf(0));
  EXPECT_EQ(view_->boot_text, story_.entries()[0]);
}

TEST_F(Follower, AdvancesWithTheLedger) {
  story_.Accept(analyst_);
  const LedgerAdvance next = Advanced(story_).value();
  ASSERT_TRUE(next.view.has_value());
  EXPECT_EQ(next.view->point, story_.state().point());
  EXPECT_FALSE(next.fork.has_value());
}

TEST_F(Follower, StaysWhereNothingIsNew) { EXPECT_EQ(Advanced(story_)->view->point, view_->point); }

TEST_F(Follower, TakesTheKeysOfANewBoot) {
  story_.Boot(charter_);
  view_ = Advanced(story_)->view;
  EXPECT_EQ(view_->boot_entry, 3u);
  story_.Accept(analyst_);
  EXPECT_EQ(Advanced(story_)->view->point, story_.state().point());
}

TEST_F(Follower, TrustsNoBootThatItsOwnerDoesNot) {
  story_.Boot(charter_);
  const auto distrust = [](const BootEntry& boot) -> Status {
    if (boot.boot == 0) return {};
    return VerificationFailed("no evidence");
  };
  EXPECT_EQ(AdvanceView(*view_, Step(story_, view_->point.size, 0), distrust).error().public_message, "no evidence");
  // Without the boot entry the new key is nobody's.
  LedgerStep hidden = Step(story_, view_->point.size, 0);
  hidden.boots.clear();
  EXPECT_THAT(AdvanceView(*view_, hidden, TrustAll).error().public_message, HasSubstr("not signed by"));
}

TEST_F(Follower, RefusesABootThatIsNotInTheLedger) {
  story_.Boot(charter_);
  LedgerStep step = Step(story_, view_->point.size, 0);
  step.boots[0].index = 2;
  EXPECT_THAT(AdvanceView(*view_, step, TrustAll).error().public_message, HasSubstr("is not proven"));
  step = Step(story_, view_->point.size, 0);
  step.boots.insert(step.boots.begin(), step.boots[0]);
  EXPECT_THAT(AdvanceView(*view_, step, TrustAll).error().public_message, HasSubstr("order of the ledger"));
  step.boots = {Proven(story_, 1)};
  EXPECT_EQ(AdvanceView(*view_, step, TrustAll).error().public_message, "entry 1 is no boot");
  step.boots.assign(kStepBootsMax + 1, Proven(story_, 0));
  EXPECT_EQ(AdvanceView(*view_, step, TrustAll).error().code, Code::kResourceExhausted);
}

TEST_F(Follower, BeginsNowhereElseThanAtEntryZero) {
  story_.Boot(charter_);
  LedgerStep step = Step(story_, 0, std::nullopt);
  step.boots.erase(step.boots.begin());
  EXPECT_EQ(BeginView(people::Environment(), step, TrustAll).error().public_message, "entry 0 is not shown");
  step.boots.clear();
  EXPECT_FALSE(BeginView(people::Environment(), step, TrustAll).has_value());
  EXPECT_THAT(BeginView(people::Environment('2'), Step(story_, 0, std::nullopt), TrustAll).error().public_message,
              HasSubstr("another environment"));
}

TEST_F(Follower, AnOlderCheckpointIsAskedForAgain) {
  const for_test::Story older = story_;
  story_.Accept(analyst_);
  view_ = Advanced(story_)->view;
  LedgerStep step = Step(older, 0, std::nullopt);
  EXPECT_EQ(AdvanceView(*view_, step, TrustAll).error().code, Code::kFailedPrecondition);
}

TEST_F(Follower, TwoStatesOfOneSizeAreAForkThatProvesItself) {
  for_test::Story other = story_;
  people::Person twin = hospital_;
  story_.SignAndSend(analyst_, story_.AcceptanceOf(*story_.state().proposed()));
  view_ = Advanced(story_)->view;
  people::Person analyst = people::Analyst();
  other.Wait(60);  // the second enclave writes the same links at another time
  other.SignAndSend(analyst, other.AcceptanceOf(*other.state().proposed()));
  const LedgerAdvance advance = AdvanceView(*view_, Step(other, 0, view_->boot_entry), TrustAll).value();
  EXPECT_FALSE(advance.view.has_value());
  ASSERT_TRUE(advance.fork.has_value());
  EXPECT_TRUE(advance.fork->self_evident);
  EXPECT_EQ(advance.fork->first, story_.Checkpoint());
  EXPECT_EQ(advance.fork->second, other.Checkpoint());
  EXPECT_EQ(advance.fork->first_boot, story_.entries()[0]);
  EXPECT_EQ(EncodeFork(*advance.fork).at("self_evident"), true);
}

TEST_F(Follower, ALaterStateThatDoesNotContainTheVerifiedOneIsAFork) {
  for_test::Story other = story_;
  story_.Accept(analyst_);
  view_ = Advanced(story_)->view;
  people::Person analyst = people::Analyst();
  other.Wait(60);
  other.Accept(analyst);
  other.Offer(hospital_, people::ManifestOf(people::Dataset('1'), "visits", other.charter()));
  const LedgerStep step = Step(other, view_->point.size, view_->boot_entry);
  const LedgerAdvance advance = AdvanceView(*view_, step, TrustAll).value();
  ASSERT_TRUE(advance.fork.has_value());
  EXPECT_FALSE(advance.fork->self_evident);
}

TEST_F(Follower, ACheckpointThatNobodySignedIsNoFork) {
  LedgerStep step = Step(story_, view_->point.size, view_->boot_entry);
  step.checkpoint = SignCheckpoint(people::SignerFrom("the server"), people::Environment(), {.size = 9}).value();
  EXPECT_EQ(AdvanceView(*view_, step, TrustAll).error().code, Code::kVerificationFailed);
}

TEST_F(Follower, RemembersItsView) {
  const LedgerView again = DecodeView(EncodeView(*view_)).value();
  EXPECT_EQ(again.point, view_->point);
  EXPECT_EQ(again.boot, view_->boot);
  EXPECT_EQ(again.entry_0, view_->entry_0);
  EXPECT_EQ(codec::CanonicalJson(EncodeView(again)), codec::CanonicalJson(EncodeView(*view_)));
  codec::Json damaged = EncodeView(*view_);
  damaged.as_object()["checkpoint"] =
      SignCheckpoint(people::SignerFrom("x"), people::Environment(), {.size = 9}).value();
  EXPECT_FALSE(DecodeView(damaged).has_value());
  damaged = EncodeView(*view_);
  damaged.as_object()["boot"] = story_.entries()[1];
  EXPECT_EQ(DecodeView(damaged).error().public_message, "view.boot is no boot entry");
}

}  // namespace
}  // namespace cloister::ledger
