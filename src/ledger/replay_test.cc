#include "ledger/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/environment_for_test.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using agreement::Revocation;
using for_test::kPlans;
using for_test::kVisits;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = LinkRuling::Kind;
using Ledger = for_test::Ledger;

// ---- the flow

TEST_F(Ledger, AnApprovedQueryRunsAndIsReleased) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, Join());
  EXPECT_EQ(PhaseOf(query), QueryPhase::kReported);
  EXPECT_EQ(story_.Approve(hospital_, query).kind, Kind::kTakesEffect);
  EXPECT_THAT(Obstacles(query), ElementsAre("the owner " + insurer_.thumbprint() + " has not approved"));
  EXPECT_EQ(story_.state().Reserve(query, story_.now()).error().code, Code::kRefused);
  EXPECT_EQ(story_.Approve(insurer_, query).kind, Kind::kTakesEffect);
  EXPECT_THAT(Obstacles(query), IsEmpty());
  story_.Run(query);
  EXPECT_EQ(PhaseOf(query), QueryPhase::kReleased);
  EXPECT_TRUE(IsFinal(PhaseOf(query)));
  EXPECT_EQ(RunsOn(kVisits), 1);
  EXPECT_EQ(RunsOn(kPlans), 1);
}

TEST_F(Ledger, ReplayedIsTheSameLedger) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, Join());
  story_.Approve(hospital_, query);
  story_.Approve(insurer_, query);
  story_.Run(query);
  LedgerState again(people::Environment());
  for (const std::string& text : story_.entries()) ASSERT_TRUE(again.Apply(text).has_value());
  EXPECT_EQ(again.point(), story_.state().point());
  EXPECT_EQ(again.FindQuery(query)->phase, QueryPhase::kReleased);
  EXPECT_EQ(again.ChainOf(analyst_.thumbprint()), analyst_.chain());
  EXPECT_EQ(again.LinksOf(hospital_.thumbprint()), story_.state().LinksOf(hospital_.thumbprint()));
}

TEST_F(Ledger, WithoutOneEntryOrInAnotherOrderIsRefused) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, Join());
  story_.Approve(hospital_, query);
  story_.Approve(insurer_, query);
  story_.Run(query);
  const auto& entries = story_.entries();
  for (std::size_t missing = 0; missing + 1 < entries.size(); ++missing) {
    LedgerState state(people::Environment());
    bool whole = true;
    for (std::size_t i = 0; i < entries.size(); ++i) whole = whole && (i == missing || state.Apply(entries[i]));
    EXPECT_FALSE(whole) << "nobody misses entry " << missing << ": " << entries[missing];
  }
  for (std::size_t swapped = 0; swapped + 1 < entries.size(); ++swapped) {
    std::vector<std::string> other = entries;
    std::swap(other[swapped], other[swapped + 1]);
    LedgerState state(people::Environment());
    for (const std::string& text : other) {
      if (!state.Apply(text)) break;
    }
    EXPECT_NE(state.point(), story_.state().point());
  }
}

TEST_F(Ledger, TimeNeverGoesBack) {
  OfferBoth();
  story_.Wait(-60);
  EXPECT_EQ(story_.state().EntryTime(story_.now()), story_.state().last_time());
  EXPECT_EQ(story_.Refused(CharterEntry{.charter = people::Successor(charter_, {hospital_})}),
            "the entry is older than the one before it");
}

// ---- genesis

TEST(Genesis, NothingButAcceptancesBeforeTheCharterIsInForce) {
  people::Person hospital = people::Hospital();
  people::Person insurer = people::Insurer();
  for_test::Story story(people::CharterOf({hospital, insurer}));
  EXPECT_EQ(story.state().in_force(), nullptr);
  const auto manifest = people::ManifestOf(kVisits, "visits", story.state().proposed()->digest);
  const auto early = hospital.Draft(story.state().point(), manifest, people::Environment());
  EXPECT_EQ(story.state().Judge(early, story.now()).error().code, Code::kFailedPrecondition);
  story.Accept(hospital);
  EXPECT_EQ(story.state().in_force(), nullptr);
  story.Accept(insurer);
  ASSERT_NE(story.state().in_force(), nullptr);
  EXPECT_EQ(story.state().in_force()->in_force_from, 3u);
  EXPECT_EQ(story.state().proposed(), nullptr);
}

TEST(Genesis, EntryZeroIsABootAndEntryOneItsCharter) {
  const auto charter = people::CharterOf({people::Hospital()});
  const for_test::Story story(charter);
  LedgerState state(people::Environment());
  EXPECT_EQ(state.Apply(story.entries()[1]).error().public_message, "entry 0 must be a boot");
  ASSERT_TRUE(state.Apply(story.entries()[0]).has_value());
  EXPECT_EQ(state.Apply(story.entries()[0]).error().public_message, "entry 1 must be the charter of epoch 1");
  auto other = charter;
  other.name = "another name";
  EXPECT_EQ(state.CheckProposal(other).error().public_message, "the charter is not the one that entry 0 names");
}

TEST(Genesis, AnAcceptanceNamesWhatTheEnclaveShowed) {
  people::Person hospital = people::Hospital();
  for_test::Story story(people::CharterOf({hospital}));
  agreement::Acceptance acceptance = story.AcceptanceOf(*story.state().proposed());
  acceptance.recipient_commitment = Digest256{1};
  acceptance.entry_0 = Digest256{2};
  const LinkRuling ruling = story.SignAndSend(hospital, acceptance);
  EXPECT_EQ(ruling.kind, Kind::kHasNoEffect);
  EXPECT_THAT(ruling.reasons,
              ElementsAre("the acceptance names another recipient commitment", "the acceptance names another entry 0"));
  EXPECT_EQ(story.Accept(hospital).kind, Kind::kTakesEffect);
}

TEST(Genesis, AStrangersLinkIsNotWritten) {
  const for_test::Story story(people::CharterOf({people::Hospital()}));
  people::Person stranger = people::Newcomer();
  const auto link = stranger.Draft(story.state().point(), agreement::Rejection{}, people::Environment());
  EXPECT_EQ(story.state().VerifyLink(link.compact()).error().code, Code::kVerificationFailed);
}

// ---- chains

TEST_F(Ledger, ALinkSentTwiceIsRecordedOnce) {
  const auto link = story_.Sign(hospital_, Visits());
  EXPECT_EQ(story_.Send(link).kind, Kind::kTakesEffect);
  const std::uint64_t entry = story_.state().size() - 1;
  story_.Offer(hospital_, NextVersion(kVisits));
  const LinkRuling again = story_.state().Judge(link, story_.now()).value();
  EXPECT_EQ(again.kind, Kind::kAlreadyRecorded);
  EXPECT_EQ(again.entry, entry);
  EXPECT_EQ(story_.Refused(LinkEntry{.jws = link.compact()}), "the link stands in the ledger already");
}

TEST_F(Ledger, TwoLinksWithOneNumberAreAConflictThatNamesTheHead) {
  const auto draft = hospital_.Draft(story_.state().point(), Plans(), people::Environment());
  story_.Offer(hospital_, Visits());
  const Error conflict = ErrorOf(draft);
  EXPECT_EQ(conflict.code, Code::kConflict);
  EXPECT_THAT(conflict.public_message, HasSubstr("the chain's head, number 2, digest "));
}

TEST_F(Ledger, ALinkAfterAMissingOneWaits) {
  story_.Sign(hospital_, Visits());
  EXPECT_EQ(ErrorOf(story_.Sign(hospital_, Plans())).code, Code::kFailedPrecondition);
}

TEST_F(Ledger, ALinkThatSawAnotherLedgerIsNotWritten) {
  const auto elsewhere = hospital_.Draft({.size = 3, .root = Digest256{1}}, Visits(), people::Environment());
  EXPECT_EQ(ErrorOf(elsewhere).public_message, "the link's checkpoint is no state of this ledger");
  const agreement::LedgerPoint ahead{.size = story_.state().size() + 1, .root = story_.state().point().root};
  EXPECT_EQ(ErrorOf(hospital_.Draft(ahead, Visits(), people::Environment())).code, Code::kVerificationFailed);
  const agreement::LedgerPoint older{.size = 2, .root = story_.state().log().RootAt(2)};
  EXPECT_TRUE(story_.state().Judge(hospital_.Draft(older, Visits(), people::Environment()), story_.now()).has_value());
}

TEST_F(Ledger, ARefusedLinkIsFollowedByItsRefusalAndNoOther) {
  const auto link = story_.Sign(analyst_, Visits());  // an analyst owns nothing
  const LinkRuling ruling = story_.state().Judge(link, story_.now()).value();
  EXPECT_EQ(ruling.kind, Kind::kHasNoEffect);
  story_.Write(LinkEntry{.jws = link.compact()});
  EXPECT_THAT(story_.Refused(LinkEntry{.jws = story_.Sign(hospital_, Visits()).compact()}),
              HasSubstr("its refusal is missing"));
  RefusalEntry wrong = RefusalFor(link, ruling);
  wrong.document = Digest256{1};
  EXPECT_THAT(story_.Refused(wrong), HasSubstr("a refusal of a link that has its effect"));
  EXPECT_EQ(story_.state().RefusalOf(link.digest()), nullptr);
  story_.Write(RefusalFor(link, ruling));
  ASSERT_NE(story_.state().RefusalOf(link.digest()), nullptr);
  EXPECT_EQ(*story_.state().RefusalOf(link.digest()), RefusalFor(link, ruling));
  EXPECT_THAT(story_.Refused(RefusalFor(link, ruling)), HasSubstr("a refusal of a link that has its effect"));
  EXPECT_EQ(story_.state().ChainOf(analyst_.thumbprint()).seq, 2u);
}

TEST(Refusals, AreBoundedPerDay) {
  people::Person hospital = people::Hospital();
  people::Person analyst = people::Analyst();
  auto charter = people::CharterOf({hospital, analyst});
  charter.refusals_per_participant_day = 2;
  for_test::Story story(charter);
  story.Accept(hospital);
  story.Accept(analyst);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(story.Reject(analyst, Digest256{1}).kind, Kind::kHasNoEffect);
  const auto draft = [&](const agreement::LinkBody& body) {
    return analyst.Draft(story.state().point(), body, people::Environment());
  };
  EXPECT_EQ(story.state().Judge(draft(agreement::Rejection{}), story.now()).error().code, Code::kResourceExhausted);
  // Somebody else, and what keeps people safe, go on.
  EXPECT_EQ(story.Reject(hospital, Digest256{1}).kind, Kind::kHasNoEffect);
  EXPECT_TRUE(story.state().Judge(draft(Revocation{.ends = Revocation::Ends::kMembership}), story.now()).has_value());
  // A revocation that ends nothing keeps nobody safe.
  const Revocation empty{.ends = Revocation::Ends::kApproval, .document = Digest256{1}};
  EXPECT_EQ(story.state().Judge(draft(empty), story.now()).error().code, Code::kResourceExhausted);
  story.Wait(24 * 3600);
  EXPECT_EQ(story.Reject(analyst, Digest256{1}).kind, Kind::kHasNoEffect);
}

// ---- boots

TEST_F(Ledger, ARestartBringsNewKeysUnderTheCharterInForce) {
  OfferBoth();
  const std::uint64_t before = story_.state().size();
  story_.Boot(charter_);
  EXPECT_EQ(story_.state().BootAt(before)->boot.boot, 0);
  EXPECT_EQ(story_.state().BootAt(before + 1)->boot.boot, 1);
  EXPECT_EQ(story_.state().BootAt(0), nullptr);
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());  // reported by the new key
  EXPECT_EQ(PhaseOf(query), QueryPhase::kReported);

  BootEntry boot = story_.state().boots().back().boot;
  EXPECT_THAT(story_.Refused(boot), HasSubstr("not counted in order"));
  boot.boot = 2;
  boot.charter = Digest256{1};
  EXPECT_THAT(story_.Refused(boot), HasSubstr("another charter"));
  boot = story_.state().boots().back().boot;
  boot.boot = 2;
  boot.origin = "generated";
  EXPECT_THAT(story_.Refused(boot), HasSubstr("generates the environment key"));
}

TEST(Boots, AreNoneWhereNobodyMayRecoverTheKey) {
  auto charter = people::CharterOf({people::Hospital()});
  charter.recovery = agreement::Recovery::kNone;
  const for_test::Story story(charter);
  BootEntry boot = story.state().boots().front().boot;
  boot.boot = 1;
  boot.origin = "recovered";
  EXPECT_THAT(story.Refused(boot), HasSubstr("there is no second boot"));
}

}  // namespace
}  // namespace cloister::ledger
