// From a question to a released answer: reports, approvals, rejections, charges.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/environment_for_test.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using agreement::ApprovalRule;
using agreement::Revocation;
using for_test::kPlans;
using for_test::kVisits;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = LinkRuling::Kind;
using Ledger = for_test::Ledger;

// ---- queries

TEST_F(Ledger, AQueryNamesTheManifestsInForce) {
  OfferBoth();
  const auto old = VisitsOnly();
  story_.Offer(hospital_, NextVersion(kVisits));
  EXPECT_THAT(story_.SignAndSend(analyst_, old).reasons, ElementsAre(HasSubstr("names an old manifest")));
  auto unknown = VisitsOnly();
  unknown.datasets = {{.dataset = people::Dataset('9')}};
  EXPECT_EQ(story_.SignAndSend(analyst_, unknown).code, Code::kNotFound);
}

TEST_F(Ledger, AQueryIsAskedByAnAnalystForParticipants) {
  OfferBoth();
  EXPECT_THAT(story_.SignAndSend(hospital_, VisitsOnly()).reasons, ElementsAre("the signer has not the role analyst"));
  auto leaking = VisitsOnly();
  leaking.recipients = {people::Newcomer().thumbprint()};
  EXPECT_THAT(story_.SignAndSend(analyst_, leaking).reasons, ElementsAre(HasSubstr("is no participant")));
  story_.Ask(analyst_, VisitsOnly());
  EXPECT_THAT(story_.SignAndSend(analyst_, VisitsOnly()).reasons, ElementsAre("the query's identifier is used"));
}

TEST_F(Ledger, AReportIsTheEnclavesAndFitsItsQuery) {
  OfferBoth();
  const auto link = story_.Sign(analyst_, VisitsOnly());
  story_.Send(link);
  const auto sign = [&](const agreement::Report& report, const crypto::Signer& key) {
    return ReportEntry{.jws = agreement::SignReport(key, report)->compact()};
  };
  const agreement::Report good = people::ReportOn(link, {hospital_.thumbprint()});
  EXPECT_THAT(story_.Refused(sign(good, people::SignerFrom("the server"))), HasSubstr("another key"));
  agreement::Report bad = good;
  bad.query = Digest256{1};
  EXPECT_THAT(story_.Refused(sign(bad, story_.document_key())), HasSubstr("no query that waits"));
  bad = good;
  bad.recipients = {hospital_.thumbprint()};
  EXPECT_THAT(story_.Refused(sign(bad, story_.document_key())), HasSubstr("contradicts its query"));
  bad = good;
  bad.charges[0].dataset = kPlans;
  EXPECT_THAT(story_.Refused(sign(bad, story_.document_key())), HasSubstr("does not name"));
  bad = good;
  bad.approvers = {insurer_.thumbprint()};
  EXPECT_THAT(story_.Refused(sign(bad, story_.document_key())), HasSubstr("other approvers"));
  bad.approvers = {};
  bad.charges = {};
  EXPECT_THAT(story_.Refused(sign(bad, story_.document_key())), HasSubstr("other approvers"));
  story_.Write(sign(good, story_.document_key()));
  EXPECT_THAT(story_.Refused(sign(good, story_.document_key())), HasSubstr("no query that waits"));
}

TEST_F(Ledger, ARefusedQueryEndsThere) {
  OfferBoth();
  const auto link = story_.Sign(analyst_, VisitsOnly());
  story_.Send(link);
  agreement::Report report = people::ReportOn(link, {});
  report.accepted.reset();
  report.charges.clear();
  story_.Write(ReportEntry{.jws = agreement::SignReport(story_.document_key(), report)->compact()});
  EXPECT_EQ(PhaseOf(link.digest()), QueryPhase::kRefused);
  EXPECT_EQ(story_.Reject(hospital_, link.digest()).kind, Kind::kHasNoEffect);
  EXPECT_THAT(Obstacles(link.digest()), ElementsAre("the query is refused"));
}

// ---- approvals

TEST_F(Ledger, AnApprovalOfSomethingElseHasNoEffect) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  agreement::Approval approval = story_.ApprovalOf(query);
  approval.plan = Digest256{1};
  EXPECT_THAT(story_.SignAndSend(hospital_, approval).reasons, ElementsAre("the approval is of another plan"));
  approval = story_.ApprovalOf(query);
  approval.query = Digest256{1};
  EXPECT_EQ(story_.SignAndSend(hospital_, approval).code, Code::kNotFound);
  approval = story_.ApprovalOf(query);
  approval.not_after = {story_.now().unix_ms - 1000};
  EXPECT_THAT(story_.SignAndSend(hospital_, approval).reasons, ElementsAre(HasSubstr("has expired")));
  EXPECT_THAT(Obstacles(query), ElementsAre(HasSubstr("has not approved")));
}

TEST_F(Ledger, AnAnalystHasNoSay) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  EXPECT_THAT(story_.Approve(analyst_, query).reasons, ElementsAre("the signer has no say about this query"));
}

TEST_F(Ledger, AnApprovalExpiresWhileTheQueryWaits) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  EXPECT_THAT(Obstacles(query), IsEmpty());
  story_.Wait(7 * 24 * 3600 + 1);
  EXPECT_THAT(Obstacles(query), ElementsAre(HasSubstr("has not approved")));
  EXPECT_THAT(Endings(query), IsEmpty());  // he may approve again
  EXPECT_EQ(story_.Approve(hospital_, query).kind, Kind::kTakesEffect);
  EXPECT_EQ(story_.state().Reserve(query, story_.now())->approvals.size(), 1u);
  EXPECT_EQ(RunsOn(kVisits), 1);
}

TEST_F(Ledger, AReplacedManifestVoidsApprovalsInFlight) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, Join());
  story_.Approve(hospital_, query);
  story_.Offer(insurer_, NextVersion(kPlans));
  EXPECT_THAT(story_.Approve(insurer_, query).reasons, ElementsAre(HasSubstr("no more in force")));
  EXPECT_THAT(Obstacles(query), Contains(HasSubstr("is not in force")));
  EXPECT_THAT(Endings(query), ElementsAre(HasSubstr("is not in force")));
}

TEST_F(Ledger, ARevokedApprovalCountsNoMoreButItsChargeStays) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  const auto approval = story_.Sign(hospital_, story_.ApprovalOf(query));
  story_.Send(approval);
  const Revocation end{.ends = Revocation::Ends::kApproval, .document = approval.digest()};
  EXPECT_EQ(story_.SignAndSend(insurer_, end).code, Code::kNotFound);
  EXPECT_EQ(story_.SignAndSend(hospital_, end).kind, Kind::kTakesEffect);
  EXPECT_THAT(Obstacles(query), ElementsAre(HasSubstr("has not approved")));
  EXPECT_EQ(RunsOn(kVisits), 1);
}

TEST_F(Ledger, AQueryChangesWithEachEntryThatSaysSomethingOfIt) {
  OfferBoth();
  const Instant asked = story_.now();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  const auto changed_now = [&] { return story_.state().FindQuery(query)->changed == story_.now(); };
  const auto approval = story_.Sign(hospital_, story_.ApprovalOf(query));
  const Revocation end{.ends = Revocation::Ends::kApproval, .document = approval.digest()};
  story_.Wait(60);
  story_.Ask(analyst_, Join('2'));
  EXPECT_FALSE(changed_now());  // of another one
  story_.Send(approval);
  EXPECT_TRUE(changed_now());
  story_.Wait(60);
  story_.SignAndSend(hospital_, end);
  EXPECT_TRUE(changed_now());
  story_.Wait(60);
  story_.Approve(hospital_, query);
  story_.Wait(60);
  story_.Approve(analyst_, query);  // he has no say: without effect
  EXPECT_FALSE(changed_now());
  story_.Run(query);
  EXPECT_TRUE(changed_now());
  EXPECT_EQ(story_.state().FindQuery(query)->recorded, asked);
}

TEST_F(Ledger, AReservationNamesWhatTheLedgerHas) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  const ReservationEntry early{.query = query, .charges = story_.state().FindQuery(query)->report->charges};
  EXPECT_THAT(story_.Refused(early), HasSubstr("has not approved"));
  story_.Approve(hospital_, query);
  ReservationEntry good = story_.state().Reserve(query, story_.now()).value();
  ReservationEntry free = good;
  free.charges[0].runs = 0;
  EXPECT_THAT(story_.Refused(free), HasSubstr("other approvals or charges"));
  ReservationEntry forged = good;
  forged.approvals = {Digest256{1}};
  EXPECT_THAT(story_.Refused(forged), HasSubstr("other approvals or charges"));
  story_.Write(good);
  EXPECT_THAT(story_.Refused(good), HasSubstr("the query is reserved"));
  EXPECT_EQ(story_.Reject(hospital_, query).kind, Kind::kHasNoEffect);  // too late
}

TEST_F(Ledger, ExecutionAndReleaseComeOnceAndInOrder) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  const ExecutionEntry failed{.query = query, .outcome = Outcome::kFailed, .code = "DEADLINE_EXCEEDED"};
  EXPECT_THAT(story_.Refused(failed), HasSubstr("a query that is reported"));
  story_.Approve(hospital_, query);
  story_.Write(story_.state().Reserve(query, story_.now()).value());
  EXPECT_THAT(story_.Refused(ReleaseEntry{.query = query}), HasSubstr("a query that is reserved"));
  story_.Write(failed);
  EXPECT_EQ(PhaseOf(query), QueryPhase::kFailed);
  EXPECT_THAT(story_.Refused(ReleaseEntry{.query = query}), HasSubstr("a query that is failed"));
  EXPECT_THAT(story_.Refused(ExecutionEntry{.query = Digest256{1}, .code = "OK"}), HasSubstr("does not have"));
  EXPECT_EQ(RunsOn(kVisits), 1);
}

// ---- rejections and charges

class UnanimousLedger : public Ledger {
 protected:
  UnanimousLedger() : Ledger({.kind = ApprovalRule::Kind::kUnanimous}) {}
};

TEST_F(UnanimousLedger, ARejectionByOneWhoIsNeededEndsTheQueryAndGivesTheChargeBack) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  EXPECT_EQ(RunsOn(kVisits), 1);
  EXPECT_EQ(story_.Reject(insurer_, query).kind, Kind::kTakesEffect);
  EXPECT_EQ(PhaseOf(query), QueryPhase::kRejected);
  EXPECT_EQ(RunsOn(kVisits), 0);
  EXPECT_EQ(story_.Approve(insurer_, query).kind, Kind::kHasNoEffect);
  EXPECT_EQ(story_.Approve(hospital_, query).kind, Kind::kHasNoEffect);
  EXPECT_EQ(RunsOn(kVisits), 0);
}

TEST_F(UnanimousLedger, TheChargeStaysWhenHeWhoRejectsHadApproved) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  story_.Approve(insurer_, query);
  story_.Reject(insurer_, query);
  EXPECT_EQ(PhaseOf(query), QueryPhase::kRejected);
  EXPECT_EQ(RunsOn(kVisits), 1);  // where the rejection was hidden, it may have run
}

TEST_F(UnanimousLedger, TheChargeStaysWhenHisApprovalCameTooLate) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  const agreement::Approval late = people::ApprovalOf(*story_.state().FindQuery(query)->report, story_.now());
  story_.Wait(60);
  EXPECT_EQ(story_.SignAndSend(insurer_, late).kind, Kind::kHasNoEffect);
  story_.Reject(insurer_, query);
  EXPECT_EQ(PhaseOf(query), QueryPhase::kRejected);
  EXPECT_EQ(RunsOn(kVisits), 1);  // an enclave that was told another time may have taken it
}

// Two of three may stop it together; each of them could still change his mind where the other is not heard.
TEST(Charges, StayWhenNobodyStoppedTheQueryAlone) {
  people::Person hospital = people::Hospital();
  people::Person analyst = people::Analyst();
  people::Person first = {"first", {agreement::ParticipantRole::kApprover}};
  people::Person second = {"second", {agreement::ParticipantRole::kApprover}};
  for_test::Story story(people::CharterOf({hospital, analyst, first, second},
                                          {.kind = agreement::ApprovalRule::Kind::kCount, .count = 2}));
  for (people::Person* person : {&hospital, &analyst, &first, &second}) story.Accept(*person);
  story.Offer(hospital, people::ManifestOf(kVisits, "visits", story.charter()));
  const Digest256 query = story.Ask(analyst, people::RequestOf(people::Query('1'), {story.Reading(kVisits)},
                                                               story.charter(), {analyst.thumbprint()}));
  story.Approve(hospital, query);
  story.Reject(first, query);
  EXPECT_EQ(story.state().FindQuery(query)->phase, QueryPhase::kReported);
  story.Reject(second, query);
  EXPECT_EQ(story.state().FindQuery(query)->phase, QueryPhase::kRejected);
  EXPECT_EQ(story.state().SpentOn(kVisits).runs, 1);
}

TEST_F(Ledger, ARejectionByOneWhoIsNotNeededStopsNothing) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Reject(insurer_, query);
  EXPECT_EQ(PhaseOf(query), QueryPhase::kReported);
  story_.Approve(hospital_, query);
  EXPECT_THAT(Obstacles(query), IsEmpty());
}

TEST_F(Ledger, TheSubmitterMayWithdraw) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  EXPECT_EQ(story_.Reject(analyst_, query).kind, Kind::kTakesEffect);
  EXPECT_EQ(PhaseOf(query), QueryPhase::kWithdrawn);
  EXPECT_EQ(RunsOn(kVisits), 1);
}

class MajorityLedger : public Ledger {
 protected:
  MajorityLedger() : Ledger({.kind = ApprovalRule::Kind::kCount, .count = 1}) {}
};

TEST_F(MajorityLedger, TheLaterWordOfOnePersonCounts) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Reject(insurer_, query);
  EXPECT_EQ(PhaseOf(query), QueryPhase::kReported);
  story_.Approve(insurer_, query);
  story_.Approve(hospital_, query);
  EXPECT_EQ(story_.state().Reserve(query, story_.now())->approvals.size(), 2u);
  story_.Reject(insurer_, query);
  EXPECT_EQ(story_.state().Reserve(query, story_.now())->approvals.size(), 1u);
}

TEST_F(Ledger, RunsAreLimitedByWhatIsApprovedNotByWhatRan) {
  agreement::Manifest limited = Visits();
  limited.policy.limits.runs = 2;
  story_.Offer(hospital_, limited);
  const Digest256 first = story_.Ask(analyst_, VisitsOnly('1'));
  const Digest256 second = story_.Ask(analyst_, VisitsOnly('2'));
  const Digest256 third = story_.Ask(analyst_, VisitsOnly('3'));
  EXPECT_EQ(story_.Approve(hospital_, first).kind, Kind::kTakesEffect);
  EXPECT_EQ(story_.Approve(hospital_, first).kind, Kind::kTakesEffect);  // once more, charged once
  EXPECT_EQ(story_.Approve(hospital_, second).kind, Kind::kTakesEffect);
  const LinkRuling over = story_.Approve(hospital_, third);
  EXPECT_EQ(over.code, Code::kResourceExhausted);
  EXPECT_THAT(over.reasons, ElementsAre(HasSubstr("limit of 2 runs is reached")));
  story_.Run(first);
  EXPECT_EQ(RunsOn(kVisits), 2);
  story_.Reject(hospital_, second);
  EXPECT_EQ(RunsOn(kVisits), 2);  // his own approval may have been used elsewhere
}

// The manifest that is to hold in the next epoch has a tighter limit; until then the one in force counts.
TEST_F(Ledger, ApprovalsAreChargedByTheManifestInForce) {
  agreement::Manifest limited = Visits();
  limited.policy.limits.runs = 1;
  story_.Offer(hospital_, limited);
  const Digest256 first = story_.Ask(analyst_, VisitsOnly('1'));
  const Digest256 second = story_.Ask(analyst_, VisitsOnly('2'));
  story_.Propose(people::Successor(charter_, {hospital_, insurer_, analyst_, people::Newcomer()}));
  agreement::Manifest closed = NextVersion(kVisits);
  closed.charter = story_.state().proposed()->digest;
  closed.policy.limits.runs = 0;
  EXPECT_EQ(story_.Offer(hospital_, closed).kind, Kind::kTakesEffect);
  EXPECT_EQ(story_.Approve(hospital_, first).kind, Kind::kTakesEffect);
  EXPECT_EQ(RunsOn(kVisits), 1);
  EXPECT_EQ(story_.Approve(hospital_, second).code, Code::kResourceExhausted);
}

TEST_F(Ledger, AnApprovalThatComesTooLateIsChargedAllTheSame) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  const agreement::Approval late = people::ApprovalOf(*story_.state().FindQuery(query)->report, story_.now());
  story_.Wait(60);
  EXPECT_EQ(story_.SignAndSend(hospital_, late).kind, Kind::kHasNoEffect);
  EXPECT_EQ(RunsOn(kVisits), 1);
  EXPECT_EQ(story_.SignAndSend(insurer_, late).kind, Kind::kHasNoEffect);
  EXPECT_EQ(RunsOn(kPlans), 0);  // it names no dataset of his
}

TEST_F(Ledger, ADatasetIsReadInsideItsDates) {
  agreement::Manifest dated = Visits();
  dated.policy.limits.not_before = Instant{people::kNow.unix_ms + 3600 * 1000};
  dated.policy.limits.not_after = Instant{people::kNow.unix_ms + 7200 * 1000};
  story_.Offer(hospital_, dated);
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  EXPECT_THAT(Obstacles(query), ElementsAre(HasSubstr("may be read from 2026-11-22T09:36:00Z on")));
  EXPECT_THAT(Endings(query), IsEmpty());
  story_.Wait(3600);
  EXPECT_THAT(Obstacles(query), IsEmpty());
  story_.Wait(3601);
  EXPECT_THAT(Obstacles(query), ElementsAre(HasSubstr("until 2026-11-22T10:36:00Z")));
  EXPECT_THAT(Endings(query), ElementsAre(HasSubstr("until 2026-11-22T10:36:00Z")));
}

// ---- who has left

TEST_F(Ledger, WhoEndedHisMembershipHasNoSayAndGetsNothing) {
  OfferBoth();
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  EXPECT_TRUE(story_.state().Reserve(query, story_.now()).has_value());
  for_test::Story owner_left = story_;
  people::Person hospital = hospital_;
  owner_left.SignAndSend(hospital, Revocation{.ends = Revocation::Ends::kMembership});
  EXPECT_THAT(owner_left.state().Reserve(query, owner_left.now()).error().public_message,
              HasSubstr("has not approved"));
  for_test::Story recipient_left = story_;
  people::Person analyst = analyst_;
  recipient_left.SignAndSend(analyst, Revocation{.ends = Revocation::Ends::kMembership});
  EXPECT_THAT(recipient_left.state().Reserve(query, recipient_left.now()).error().public_message,
              HasSubstr("has ended his membership"));
}

}  // namespace
}  // namespace cloister::ledger
