// Whose a dataset is, and which of its manifests is read.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/environment_for_test.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using agreement::Revocation;
using for_test::kVisits;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = LinkRuling::Kind;
using Ledger = for_test::Ledger;

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
  EXPECT_THAT(story_.Offer(insurer_, twin).reasons, ElementsAre("another dataset of this environment is named visits"));
  story_.SignAndSend(hospital_,
                     Revocation{.ends = Revocation::Ends::kManifest, .document = story_.Reading(kVisits).manifest});
  EXPECT_EQ(story_.Offer(insurer_, twin).kind, Kind::kTakesEffect);
}

TEST_F(Ledger, AManifestForAnUnknownCharterIsRefused) {
  const auto manifest = people::ManifestOf(kVisits, "visits", Digest256{1});
  EXPECT_THAT(story_.Offer(hospital_, manifest).reasons, ElementsAre(HasSubstr("neither in force nor proposed")));
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

}  // namespace
}  // namespace cloister::ledger
