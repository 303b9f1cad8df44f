// Who is in, from when, and what that makes void.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/environment_for_test.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using agreement::Revocation;
using for_test::kPlans;
using for_test::kVisits;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = LinkRuling::Kind;
using Ledger = for_test::Ledger;

TEST_F(Ledger, ANewEpochIsInForceWhenAllWhoStayAndComeHaveAccepted) {
  people::Person newcomer = people::Newcomer();
  const auto next = people::Successor(charter_, {hospital_, insurer_, analyst_, newcomer});
  story_.Propose(next);
  story_.Accept(newcomer);
  story_.Accept(hospital_);
  story_.Accept(insurer_);
  EXPECT_EQ(story_.state().in_force()->charter.epoch, 1);
  EXPECT_THAT(story_.Accept(insurer_).reasons, ElementsAre("the signer has accepted this charter already"));
  story_.Accept(analyst_);
  EXPECT_EQ(story_.state().in_force()->charter.epoch, 2);
}

TEST_F(Ledger, AParticipantIsKnownSinceTheFirstCharterThatNamesHim) {
  people::Person newcomer = people::Newcomer();
  EXPECT_EQ(story_.state().FirstCharterOf(newcomer.thumbprint()), nullptr);
  story_.Wait(60);
  const Instant proposed = story_.now();
  story_.Propose(people::Successor(charter_, {hospital_, insurer_, analyst_, newcomer}));
  story_.Wait(60);
  story_.Accept(hospital_);
  EXPECT_EQ(story_.state().FirstCharterOf(newcomer.thumbprint())->recorded, proposed);
  EXPECT_EQ(story_.state().FirstCharterOf(hospital_.thumbprint())->charter.epoch, 1);
  EXPECT_EQ(story_.state().proposed()->changed, story_.now());
}

TEST_F(Ledger, ANewcomerWritesNothingButHisAcceptanceBeforeHeIsIn) {
  people::Person newcomer = people::Newcomer();
  story_.Propose(people::Successor(charter_, {hospital_, insurer_, analyst_, newcomer}));
  const auto early = newcomer.Draft(story_.state().point(), Visits(), people::Environment());
  EXPECT_EQ(ErrorOf(early).code, Code::kFailedPrecondition);
}

TEST_F(Ledger, ManifestsAndQueriesOfTheEpochBeforeAreVoid) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  const auto next = people::Successor(charter_, {hospital_, insurer_, analyst_, people::Newcomer()});
  people::Person newcomer = people::Newcomer();
  story_.Propose(next);
  // He signs his acceptance and his unchanged manifest in one step.
  story_.Accept(hospital_);
  agreement::Manifest renewed = NextVersion(kVisits);
  renewed.charter = story_.state().proposed()->digest;
  EXPECT_EQ(story_.Offer(hospital_, renewed).kind, Kind::kTakesEffect);
  EXPECT_EQ(story_.state().ManifestInForce(kVisits)->manifest.version,
            1);  // still the one of the epoch in force
  EXPECT_THAT(Obstacles(query), IsEmpty());
  for (people::Person* person : {&insurer_, &analyst_, &newcomer}) story_.Accept(*person);
  EXPECT_EQ(story_.state().ManifestInForce(kVisits)->manifest.version, 2);
  EXPECT_EQ(story_.state().ManifestInForce(kPlans), nullptr);  // the insurer has not renewed his
  EXPECT_THAT(Obstacles(query), Contains("the query was made under a charter that is no more in force"));
  EXPECT_THAT(story_.Approve(hospital_, query).reasons, Contains(HasSubstr("no more in force")));
}

// He renewed for the proposal, and then changed his terms under the charter in force: what he renewed would bring the
// old ones back.
TEST_F(Ledger, ARenewedManifestDoesNotOutliveALaterChange) {
  OfferBoth();
  people::Person newcomer = people::Newcomer();
  story_.Propose(people::Successor(charter_, {hospital_, insurer_, analyst_, newcomer}));
  story_.Accept(hospital_);
  const auto renew = [&] {
    agreement::Manifest renewed = NextVersion(kVisits);
    renewed.charter = story_.state().proposed()->digest;
    EXPECT_EQ(story_.Offer(hospital_, renewed).kind, Kind::kTakesEffect);
  };
  renew();
  agreement::Manifest stricter = NextVersion(kVisits);
  stricter.policy.min_group_size = 50;
  EXPECT_EQ(story_.Offer(hospital_, stricter).kind, Kind::kTakesEffect);
  EXPECT_EQ(story_.state().ManifestInForce(kVisits)->manifest.version, 3);
  for (people::Person* person : {&insurer_, &analyst_, &newcomer}) story_.Accept(*person);
  EXPECT_EQ(story_.state().ManifestInForce(kVisits), nullptr) << "not version 2";
  EXPECT_EQ(story_.Offer(hospital_, NextVersion(kVisits)).kind, Kind::kTakesEffect);
  EXPECT_EQ(story_.state().ManifestInForce(kVisits)->manifest.policy.min_group_size, 50);
}

TEST_F(Ledger, ARevocationEndsTheRenewedManifestAndTheOneInForce) {
  for (const std::size_t named : {0u, 1u}) {
    for_test::Story story(charter_);
    std::vector<people::Person> all = {people::Hospital(), people::Insurer(), people::Analyst()};
    for (people::Person& person : all) story.Accept(person);
    story.Offer(all[0], people::ManifestOf(kVisits, "visits", story.charter()));
    story.Propose(people::Successor(charter_, {all[0], all[1]}));
    story.Accept(all[0]);
    agreement::Manifest renewed = story.state().datasets().at(kVisits).versions[0].manifest;
    renewed.version = 2;
    renewed.previous_manifest = story.state().datasets().at(kVisits).versions[0].digest;
    renewed.charter = story.state().proposed()->digest;
    EXPECT_EQ(story.Offer(all[0], renewed).kind, Kind::kTakesEffect);
    const Digest256 ended = story.state().datasets().at(kVisits).versions[named].digest;
    EXPECT_EQ(story.SignAndSend(all[0], Revocation{.ends = Revocation::Ends::kManifest, .document = ended}).kind,
              Kind::kTakesEffect);
    EXPECT_EQ(story.state().ManifestInForce(kVisits), nullptr) << named;
    story.Accept(all[1]);
    EXPECT_EQ(story.state().in_force()->charter.epoch, 2);
    EXPECT_EQ(story.state().ManifestInForce(kVisits), nullptr) << named;
  }
}

TEST_F(Ledger, WhoIsRemovedNeedNotSignAndHisDataIsVoid) {
  OfferBoth();
  story_.Propose(people::Successor(charter_, {hospital_, analyst_}));
  const auto goodbye = insurer_.Draft(story_.state().point(), agreement::Rejection{}, people::Environment());
  story_.Accept(hospital_);
  story_.Accept(analyst_);
  EXPECT_EQ(story_.state().in_force()->charter.epoch, 2);
  EXPECT_EQ(story_.state().ManifestInForce(kPlans), nullptr);
  EXPECT_EQ(story_.state().VerifyLink(goodbye.compact()).error().code, Code::kVerificationFailed);
}

TEST_F(Ledger, AnAcceptanceOfAProposalThatWasReplacedCountsNothing) {
  people::Person newcomer = people::Newcomer();
  story_.Propose(people::Successor(charter_, {hospital_, insurer_, analyst_, newcomer}));
  const auto late = story_.AcceptanceOf(*story_.state().proposed());
  story_.Accept(hospital_);
  story_.Propose(people::Successor(charter_, {hospital_, insurer_}));
  EXPECT_THAT(story_.SignAndSend(insurer_, late).reasons, ElementsAre(HasSubstr("not the one proposed")));
  story_.Accept(insurer_);
  EXPECT_EQ(story_.state().in_force()->charter.epoch, 1);
  story_.Accept(hospital_);
  EXPECT_EQ(story_.state().in_force()->charter.epoch, 2);
}

TEST_F(Ledger, AProposalFollowsTheCharterInForce) {
  auto next = people::Successor(charter_, {hospital_, insurer_});
  story_.Propose(next);
  EXPECT_EQ(story_.state().CheckProposal(next).error().code, Code::kConflict);
  next.epoch = 3;
  EXPECT_EQ(story_.state().CheckProposal(next).error().code, Code::kInvalidArgument);
  next = people::Successor(charter_, {hospital_});
  next.environment = people::Environment('2');
  EXPECT_EQ(story_.state().CheckProposal(next).error().public_message, "the charter is of another environment");
  next = people::Successor(charter_, {hospital_});
  next.min_group_size = 1;
  EXPECT_EQ(story_.state().CheckProposal(next).error().code, Code::kInvalidArgument);
}

TEST_F(Ledger, AnEndedMembershipVoidsHisDataAndHisWord) {
  OfferBoth();
  people::Person newcomer = people::Newcomer();
  story_.Propose(people::Successor(charter_, {hospital_, insurer_, newcomer}));
  story_.Accept(insurer_);
  story_.SignAndSend(insurer_, Revocation{.ends = Revocation::Ends::kMembership, .reason = "we leave"});
  EXPECT_EQ(story_.state().ManifestInForce(kPlans), nullptr);
  const auto word = insurer_.Draft(story_.state().point(), agreement::Rejection{}, people::Environment());
  EXPECT_EQ(ErrorOf(word).public_message, "the signer has ended his membership");
  // His acceptance is taken back too; only a new one brings him in again.
  story_.Accept(hospital_);
  story_.Accept(newcomer);
  EXPECT_EQ(story_.state().in_force()->charter.epoch, 1);
  story_.Accept(insurer_);
  EXPECT_EQ(story_.state().in_force()->charter.epoch, 2);
  EXPECT_TRUE(
      story_.state()
          .Judge(insurer_.Draft(story_.state().point(), agreement::Rejection{}, people::Environment()), story_.now())
          .has_value());
}

TEST_F(Ledger, ATerminatedEnvironmentTakesNothing) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  story_.SignAndSend(insurer_, Revocation{.ends = Revocation::Ends::kTermination});
  EXPECT_TRUE(story_.state().terminated());
  EXPECT_THAT(Obstacles(query), ElementsAre("the environment is terminated"));
  const auto late = analyst_.Draft(story_.state().point(), VisitsOnly('2'), people::Environment());
  EXPECT_EQ(ErrorOf(late).code, Code::kFailedPrecondition);
  EXPECT_FALSE(story_.state().CheckProposal(people::Successor(charter_, {hospital_})).has_value());
}

}  // namespace
}  // namespace cloister::ledger
