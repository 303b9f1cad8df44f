#include "agreement/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agreement/approval.h"
#include "agreement/people_for_test.h"
#include "crypto/jws.h"

namespace cloister::agreement {
namespace {

using ::testing::HasSubstr;

const LedgerPoint kVerified{.size = 2, .root = for_test::DigestOf("ledger")};

Rejection Body() { return {.query = Digest256{1}, .reason = "no"}; }

class Link : public testing::Test {
 protected:
  SignedLink Sign(for_test::Person& person) { return person.Sign(kVerified, Body(), for_test::Environment()); }

  for_test::Person hospital_ = for_test::Hospital();
  for_test::Person insurer_ = for_test::Insurer();
  Charter charter_ = for_test::CharterOf({hospital_, insurer_, for_test::Analyst()});
};

TEST_F(Link, OfAParticipantIsVerifiedAndRead) {
  const SignedLink link = VerifyLink(Sign(hospital_).compact(), charter_).value();
  EXPECT_EQ(link.signer(), hospital_.thumbprint());
  EXPECT_EQ(*link.As<Rejection>(), Body());
  EXPECT_EQ(link.As<Approval>(), nullptr);
  EXPECT_EQ(link.typ(), "cloister-rejection+jws");
  EXPECT_EQ(link.header().seq, 1u);
  EXPECT_EQ(link.header().checkpoint, kVerified);
  EXPECT_EQ(link.digest(), crypto::JwsDigest(link.compact()).value());
}

TEST_F(Link, OfAStrangerIsRefused) {
  for_test::Person stranger = for_test::Newcomer();
  EXPECT_EQ(VerifyLink(Sign(stranger).compact(), charter_).error().public_message,
            "the link's signer is no participant of this charter");
}

TEST_F(Link, UnderAnotherKeyIsRefused) {
  const SignedLink link = Sign(hospital_);
  const auto key = insurer_.signer().public_key();
  EXPECT_EQ(VerifyLink(link.compact(), key, for_test::Environment()).error().code, Code::kVerificationFailed);
}

TEST_F(Link, OfAnotherEnvironmentIsRefused) {
  const SignedLink link = Sign(hospital_);
  Charter elsewhere = charter_;
  elsewhere.environment = for_test::Environment('2');
  EXPECT_THAT(VerifyLink(link.compact(), elsewhere).error().public_message, HasSubstr("another environment"));
}

TEST_F(Link, WithOneBitChangedIsRefused) {
  const std::string good = Sign(hospital_).compact();
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(VerifyLink(bad, charter_).has_value()) << at;
  }
}

std::string Signed(const for_test::Person& person, std::string_view typ, const codec::Json& payload) {
  return crypto::SignJws(person.signer(), typ, payload).value();
}

TEST_F(Link, OfUnknownOrReservedTypIsRefused) {
  const codec::Json payload = EncodeLink(Sign(hospital_).header(), Body());
  EXPECT_EQ(VerifyLink(Signed(hospital_, "cloister-standing+jws", payload), charter_).error().public_message,
            "standing approvals need witnesses and are refused in this version");
  EXPECT_THAT(VerifyLink(Signed(hospital_, "cloister-report+jws", payload), charter_).error().public_message,
              HasSubstr("is no link"));
  // A rejection's payload under an approval's typ is no approval.
  EXPECT_THAT(VerifyLink(Signed(hospital_, "cloister-approval+jws", payload), charter_).error().public_message,
              HasSubstr("body.plan"));
}

TEST_F(Link, TakesEveryMemberAndNoOther) {
  const codec::Json whole = EncodeLink(Sign(hospital_).header(), Body());
  for (const auto& member : whole.as_object()) {
    codec::Json less = whole;
    less.as_object().erase(member.key());
    const auto refused = VerifyLink(Signed(hospital_, LinkTyp(Body()), less), charter_);
    EXPECT_THAT(refused.error().public_message, HasSubstr(std::string(member.key())));
  }
  codec::Json more = whole;
  more.as_object()["debug"] = true;
  EXPECT_EQ(VerifyLink(Signed(hospital_, LinkTyp(Body()), more), charter_).error().public_message,
            "link.debug is not known here");
}

TEST_F(Link, HasAPreviousExactlyFromTheSecondOn) {
  LinkHeader header = Sign(hospital_).header();
  header.previous = Digest256{1};
  EXPECT_THAT(
      VerifyLink(Signed(hospital_, LinkTyp(Body()), EncodeLink(header, Body())), charter_).error().public_message,
      HasSubstr("link.previous"));
  header.seq = 2;
  EXPECT_TRUE(VerifyLink(Signed(hospital_, LinkTyp(Body()), EncodeLink(header, Body())), charter_).has_value());
  header.previous.reset();
  EXPECT_FALSE(VerifyLink(Signed(hospital_, LinkTyp(Body()), EncodeLink(header, Body())), charter_).has_value());
}

TEST_F(Link, NeedsAVerifiedLedgerState) {
  const FakeClock clock(for_test::kNow);
  const LinkAuthor author(for_test::Environment(), hospital_.signer(), clock);
  EXPECT_THAT(author.Sign({.chain = {}, .checkpoint = {}}, Body()).error().public_message,
              HasSubstr("checkpoint.size"));
}

TEST_F(Link, IsNotSignedWhenItsBodyBreaksItsOwnRules) {
  const FakeClock clock(for_test::kNow);
  const LinkAuthor author(for_test::Environment(), hospital_.signer(), clock);
  const Rejection endless{.query = {}, .reason = std::string(kNotesBytesMax + 1, 'x')};
  EXPECT_THAT(author.Sign({.chain = {}, .checkpoint = kVerified}, endless).error().public_message,
              HasSubstr("body.reason"));
}

TEST_F(Link, TheSameDraftHasTheSameBytes) {
  EXPECT_EQ(hospital_.Draft(kVerified, Body(), for_test::Environment()).compact(),
            hospital_.Draft(kVerified, Body(), for_test::Environment()).compact());
}

using Chain = Link;

TEST_F(Chain, LinksFollowOneAnother) {
  ChainState chain;
  for (int i = 0; i < 3; ++i) {
    const SignedLink link = Sign(hospital_);
    EXPECT_EQ(CheckInOrder(link, chain), LinkOrder::kNext);
    chain = Extended(link);
    EXPECT_EQ(CheckInOrder(link, chain), LinkOrder::kDuplicate);
  }
  EXPECT_EQ(chain, hospital_.chain());
}

TEST_F(Chain, AMissingLinkIsAGap) {
  Sign(hospital_);
  EXPECT_EQ(CheckInOrder(Sign(hospital_), ChainState{}), LinkOrder::kGap);
}

TEST_F(Chain, TwoLinksWithOneNumberAreAConflict) {
  const SignedLink first = hospital_.Draft(kVerified, Body(), for_test::Environment());
  const SignedLink second = hospital_.Draft(kVerified, Rejection{.query = Digest256{2}}, for_test::Environment());
  EXPECT_EQ(CheckInOrder(second, Extended(first)), LinkOrder::kConflict);
}

TEST_F(Chain, AnOldLinkIsAConflict) {
  const SignedLink first = Sign(hospital_);
  const SignedLink second = Sign(hospital_);
  EXPECT_EQ(CheckInOrder(first, Extended(second)), LinkOrder::kConflict);
}

TEST_F(Chain, ALinkOnAnotherPredecessorIsAConflict) {
  const SignedLink first = Sign(hospital_);
  const SignedLink second = Sign(hospital_);
  EXPECT_EQ(CheckInOrder(second, {.seq = 1, .digest = Digest256{9}}), LinkOrder::kConflict);
  EXPECT_EQ(CheckInOrder(second, Extended(first)), LinkOrder::kNext);
}

class AnApproval : public testing::Test {
 protected:
  AnApproval() {
    const QueryRequest request =
        for_test::RequestOf(for_test::Query('1'), {{.dataset = for_test::Dataset('1'), .manifest = Digest256{1}}},
                            Digest256{5}, {analyst_.thumbprint()});
    const SignedLink query = analyst_.Sign(kVerified, request, for_test::Environment());
    report_ = for_test::ReportOn(query, {hospital_.thumbprint()});
  }
  Status Verified(const Approval& approval, Instant now = for_test::kNow) {
    auto verified = VerifyApproval(hospital_.Draft(kVerified, approval, for_test::Environment()), *report_, now);
    if (!verified) return verified.error();
    EXPECT_EQ(verified->signer(), hospital_.thumbprint());
    return {};
  }

  for_test::Person hospital_ = for_test::Hospital();
  for_test::Person analyst_ = for_test::Analyst();
  std::optional<Report> report_;
};

TEST_F(AnApproval, OfTheReportCounts) { EXPECT_TRUE(Verified(for_test::ApprovalOf(*report_)).has_value()); }

TEST_F(AnApproval, OfSomethingElseDoesNot) {
  Approval approval = for_test::ApprovalOf(*report_);
  approval.query = Digest256{1};
  EXPECT_EQ(Verified(approval).error().public_message, "the approval is of another query");
  approval = for_test::ApprovalOf(*report_);
  approval.plan = Digest256{1};
  EXPECT_EQ(Verified(approval).error().public_message, "the approval is of another plan");
  approval = for_test::ApprovalOf(*report_);
  approval.report = Digest256{1};
  EXPECT_EQ(Verified(approval).error().public_message, "the approval is of another report");
  approval = for_test::ApprovalOf(*report_);
  approval.charges[0].runs = 2;
  EXPECT_EQ(Verified(approval).error().public_message, "the approval names other charges");
}

TEST_F(AnApproval, EndsWithItsLastSecond) {
  const Approval approval = for_test::ApprovalOf(*report_, for_test::kNow);
  EXPECT_TRUE(Verified(approval, for_test::kNow).has_value());
  EXPECT_EQ(Verified(approval, {for_test::kNow.unix_ms + 1000}).error().code, Code::kFailedPrecondition);
}

TEST_F(AnApproval, OfARefusedQueryDoesNotCount) {
  const Approval approval = for_test::ApprovalOf(*report_);
  report_->accepted.reset();
  EXPECT_EQ(Verified(approval).error().code, Code::kFailedPrecondition);
}

TEST_F(AnApproval, IsNoRejection) {
  const SignedLink link = hospital_.Draft(kVerified, Body(), for_test::Environment());
  EXPECT_EQ(VerifyApproval(link, *report_, for_test::kNow).error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace cloister::agreement
