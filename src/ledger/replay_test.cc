#include "ledger/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/story_for_test.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using agreement::ApprovalRule;
using agreement::Revocation;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = LinkRuling::Kind;

const DatasetId kVisits = people::Dataset('1');
const DatasetId kPlans = people::Dataset('2');

// A hospital with visits, an insurer with plans, an analyst; the charter is in force.
class Ledger : public testing::Test {
 protected:
  explicit Ledger(ApprovalRule rule = {.kind = ApprovalRule::Kind::kOwners})
      : charter_(people::CharterOf({people::Hospital(), people::Insurer(), people::Analyst()}, rule)),
        story_(charter_) {
    for (people::Person* person : {&hospital_, &insurer_, &analyst_}) story_.Accept(*person);
  }
  void OfferBoth() {
    EXPECT_EQ(story_.Offer(hospital_, Visits()).kind, Kind::kTakesEffect);
    EXPECT_EQ(story_.Offer(insurer_, Plans()).kind, Kind::kTakesEffect);
  }
  agreement::Manifest Visits() { return people::ManifestOf(kVisits, "visits", story_.charter()); }
  agreement::Manifest Plans() { return people::ManifestOf(kPlans, "plans", story_.charter()); }
  // The next version of a dataset's manifest, for the charter in force.
  agreement::Manifest NextVersion(const DatasetId& dataset) {
    const ManifestRecord& last = story_.state().datasets().at(dataset).versions.back();
    agreement::Manifest next = last.manifest;
    next.version = last.manifest.version + 1;
    next.previous_manifest = last.digest;
    next.charter = story_.charter();
    return next;
  }
  agreement::QueryRequest Join(char id = '1') {
    return people::RequestOf(people::Query(id), {story_.Reading(kVisits), story_.Reading(kPlans)},
                             story_.charter(), {analyst_.thumbprint()});
  }
  agreement::QueryRequest VisitsOnly(char id = '1') {
    return people::RequestOf(people::Query(id), {story_.Reading(kVisits)}, story_.charter(),
                             {analyst_.thumbprint()});
  }
  QueryPhase PhaseOf(const Digest256& query) const { return story_.state().FindQuery(query)->phase; }
  std::vector<std::string> Obstacles(const Digest256& query) const {
    return story_.state().ReadinessOf(query, story_.now())->obstacles;
  }
  std::int64_t RunsOn(const DatasetId& dataset) const { return story_.state().SpentOn(dataset).runs; }
  Error ErrorOf(const agreement::SignedLink& link) const {
    return story_.state().Judge(link, story_.now()).error();
  }

  people::Person hospital_ = people::Hospital();
  people::Person insurer_ = people::Insurer();
  people::Person analyst_ = people::Analyst();
  agreement::Charter charter_;
  for_test::Story story_;
};

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
    for (std::size_t i = 0; i < entries.size(); ++i)
      whole = whole && (i == missing || state.Apply(entries[i]));
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
  EXPECT_EQ(state.CheckProposal(other).error().public_message,
            "the charter is not the one that entry 0 names");
}

TEST(Genesis, AnAcceptanceNamesWhatTheEnclaveShowed) {
  people::Person hospital = people::Hospital();
  for_test::Story story(people::CharterOf({hospital}));
  agreement::Acceptance acceptance = story.AcceptanceOf(*story.state().proposed());
  acceptance.recipient_commitment = Digest256{1};
  acceptance.entry_0 = Digest256{2};
  const LinkRuling ruling = story.SignAndSend(hospital, acceptance);
  EXPECT_EQ(ruling.kind, Kind::kHasNoEffect);
  EXPECT_THAT(ruling.reasons, ElementsAre("the acceptance names another recipient commitment",
                                          "the acceptance names another entry 0"));
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
  EXPECT_TRUE(story_.state()
                  .Judge(hospital_.Draft(older, Visits(), people::Environment()), story_.now())
                  .has_value());
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
  EXPECT_EQ(story.state().Judge(draft(agreement::Rejection{}), story.now()).error().code,
            Code::kResourceExhausted);
  // Somebody else, and what keeps people safe, go on.
  EXPECT_EQ(story.Reject(hospital, Digest256{1}).kind, Kind::kHasNoEffect);
  EXPECT_TRUE(
      story.state().Judge(draft(Revocation{.ends = Revocation::Ends::kMembership}), story.now()).has_value());
  story.Wait(24 * 3600);
  EXPECT_EQ(story.Reject(analyst, Digest256{1}).kind, Kind::kHasNoEffect);
}

// ---- datasets

TEST_F(Ledger, ADatasetBelongsToWhoNamedItFirst) {
  OfferBoth();
  agreement::Manifest stolen = NextVersion(kVisits);
  const LinkRuling ruling = story_.Offer(insurer_, stolen);
  EXPECT_EQ(ruling.code, Code::kPermissionDenied);
  EXPECT_THAT(ruling.reasons, Contains("the dataset belongs to another participant"));
  EXPECT_EQ(story_.state().datasets().at(kVisits).owner, hospital_.thumbprint());
}

TEST_F(Ledger, ManifestsFollowOneAnother) {
  OfferBoth();
  agreement::Manifest next = NextVersion(kVisits);
  agreement::Manifest skipping = next;
  skipping.version = 3;
  EXPECT_THAT(story_.Offer(hospital_, skipping).reasons, ElementsAre(HasSubstr("must follow version 1")));
  agreement::Manifest elsewhere = next;
  elsewhere.previous_manifest = Digest256{1};
  EXPECT_EQ(story_.Offer(hospital_, elsewhere).code, Code::kConflict);
  EXPECT_EQ(story_.Offer(hospital_, next).kind, Kind::kTakesEffect);
  EXPECT_EQ(story_.state().ManifestInForce(kVisits)->manifest.version, 2);
  agreement::Manifest late = people::ManifestOf(people::Dataset('3'), "more", story_.charter());
  late.version = 2;
  late.previous_manifest = Digest256{1};
  EXPECT_THAT(story_.Offer(hospital_, late).reasons, ElementsAre(HasSubstr("must be of version 1")));
}

TEST_F(Ledger, ANameIsGivenOnce) {
  OfferBoth();
  const auto twin = people::ManifestOf(people::Dataset('3'), "visits", story_.charter());
  EXPECT_THAT(story_.Offer(insurer_, twin).reasons,
              ElementsAre("another dataset of this environment is named visits"));
  story_.SignAndSend(hospital_, Revocation{.ends = Revocation::Ends::kManifest,
                                           .document = story_.Reading(kVisits).manifest});
  EXPECT_EQ(story_.Offer(insurer_, twin).kind, Kind::kTakesEffect);
}

TEST_F(Ledger, AManifestForAnUnknownCharterIsRefused) {
  const auto manifest = people::ManifestOf(kVisits, "visits", Digest256{1});
  EXPECT_THAT(story_.Offer(hospital_, manifest).reasons,
              ElementsAre(HasSubstr("neither in force nor proposed")));
}

TEST_F(Ledger, ARevokedManifestIsReadNoMoreAndNotReplacedByTheOneBefore) {
  OfferBoth();
  story_.Offer(hospital_, NextVersion(kVisits));
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  const Revocation end{.ends = Revocation::Ends::kManifest, .document = story_.Reading(kVisits).manifest};
  EXPECT_EQ(story_.SignAndSend(insurer_, end).kind, Kind::kHasNoEffect);  // not his
  EXPECT_EQ(story_.SignAndSend(hospital_, end).kind, Kind::kTakesEffect);
  EXPECT_EQ(story_.state().ManifestInForce(kVisits), nullptr);
  EXPECT_THAT(Obstacles(query), ElementsAre(HasSubstr("is not in force")));
  EXPECT_EQ(story_.SignAndSend(hospital_, end).kind, Kind::kHasNoEffect);  // it has ended
}

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
  EXPECT_THAT(story_.SignAndSend(hospital_, VisitsOnly()).reasons,
              ElementsAre("the signer has not the role analyst"));
  auto leaking = VisitsOnly();
  leaking.recipients = {people::Newcomer().thumbprint()};
  EXPECT_THAT(story_.SignAndSend(analyst_, leaking).reasons, ElementsAre(HasSubstr("is no participant")));
  story_.Ask(analyst_, VisitsOnly());
  EXPECT_THAT(story_.SignAndSend(analyst_, VisitsOnly()).reasons,
              ElementsAre("the query's identifier is used"));
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
  EXPECT_THAT(story_.SignAndSend(hospital_, approval).reasons,
              ElementsAre("the approval is of another plan"));
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
  EXPECT_THAT(story_.Refused(ExecutionEntry{.query = Digest256{1}, .code = "OK"}),
              HasSubstr("does not have"));
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

TEST_F(Ledger, ADatasetIsReadInsideItsDates) {
  agreement::Manifest dated = Visits();
  dated.policy.limits.not_before = Instant{people::kNow.unix_ms + 3600 * 1000};
  dated.policy.limits.not_after = Instant{people::kNow.unix_ms + 7200 * 1000};
  story_.Offer(hospital_, dated);
  const Digest256 query = story_.Ask(analyst_, VisitsOnly());
  story_.Approve(hospital_, query);
  EXPECT_THAT(Obstacles(query), ElementsAre(HasSubstr("may be read from 2026-11-22T09:36:00Z on")));
  story_.Wait(3600);
  EXPECT_THAT(Obstacles(query), IsEmpty());
  story_.Wait(3601);
  EXPECT_THAT(Obstacles(query), ElementsAre(HasSubstr("until 2026-11-22T10:36:00Z")));
}

// ---- epochs

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
  EXPECT_EQ(story_.state().CheckProposal(next).error().public_message,
            "the charter is of another environment");
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
          .Judge(insurer_.Draft(story_.state().point(), agreement::Rejection{}, people::Environment()),
                 story_.now())
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

}  // namespace
}  // namespace cloister::ledger
