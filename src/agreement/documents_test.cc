#include "agreement/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "agreement/people_for_test.h"

namespace cloister::agreement {
namespace {

using ::testing::HasSubstr;

const Digest256 kCharter = for_test::DigestOf("charter");

QueryRequest Request() {
  return for_test::RequestOf(for_test::Query('1'), {{.dataset = for_test::Dataset('1'), .manifest = Digest256{1}}},
                             kCharter, {for_test::Analyst().thumbprint()});
}

Approval AnApproval() {
  return {.query = Digest256{1},
          .plan = Digest256{2},
          .report = Digest256{3},
          .charges = {{.dataset = for_test::Dataset('1'), .runs = 1, .epsilon = 0.5, .delta = 1e-6}},
          .not_after = for_test::kNow,
          .notes = "read it\nagree"};
}

// Every member of a body is needed, and nothing else is taken.
template <typename Body>
void ExpectStrict(const Body& body, codec::Json (*encode)(const Body&), Result<Body> (*decode)(const codec::Json&)) {
  const codec::Json whole = encode(body);
  const auto again = decode(whole);
  ASSERT_TRUE(again.has_value()) << again.error().public_message;
  EXPECT_EQ(*again, body);
  for (const auto& member : whole.as_object()) {
    codec::Json less = whole;
    less.as_object().erase(member.key());
    const auto refused = decode(less);
    ASSERT_FALSE(refused.has_value()) << member.key();
    EXPECT_THAT(refused.error().public_message, HasSubstr(std::string(member.key())));
  }
  codec::Json more = whole;
  more.as_object()["surprise"] = nullptr;
  EXPECT_EQ(decode(more).error().public_message, "body.surprise is not known here");
  EXPECT_FALSE(decode(codec::Json("text")).has_value());
}

TEST(Bodies, AreReadStrictlyAsWritten) {
  const std::vector<Thumbprint> others =
      for_test::Sorted({for_test::Hospital().thumbprint(), for_test::Insurer().thumbprint()});
  ExpectStrict<Acceptance>({.charter = kCharter, .custody = Custody::kServer, .unconfirmed = others}, EncodeAcceptance,
                           DecodeAcceptance);
  ExpectStrict<Manifest>(for_test::ManifestOf(for_test::Dataset('1'), "visits", kCharter), EncodeManifest,
                         DecodeManifest);
  ExpectStrict<QueryRequest>(Request(), EncodeQueryRequest, DecodeQueryRequest);
  ExpectStrict<Approval>(AnApproval(), EncodeApproval, DecodeApproval);
  ExpectStrict<Rejection>({.query = Digest256{1}, .reason = ""}, EncodeRejection, DecodeRejection);
  ExpectStrict<Revocation>({.ends = Revocation::Ends::kManifest, .document = Digest256{1}, .reason = "sold"},
                           EncodeRevocation, DecodeRevocation);
}

TEST(Acceptance, NamesKeysAndProgramsThatNobodyConfirmed) {
  const std::string program(64, '0');
  const auto problem = [](std::vector<std::string> unconfirmed) {
    const auto decoded =
        DecodeAcceptance(EncodeAcceptance({.charter = kCharter, .unconfirmed = std::move(unconfirmed)}));
    return decoded ? "" : decoded.error().public_message;
  };
  EXPECT_EQ(problem(for_test::Sorted({for_test::Hospital().thumbprint(), program})), "");
  EXPECT_THAT(problem({program, program}), HasSubstr("none twice"));
  EXPECT_THAT(problem({program.substr(1)}), HasSubstr("thumbprints and measurements"));
}

TEST(DatasetName, IsMadeOfATitle) {
  EXPECT_EQ(DatasetNameOf("visits"), "visits");
  EXPECT_EQ(DatasetNameOf(" Visits of\xC3\xA9 2026!"), "visits_of_2026");
  EXPECT_EQ(DatasetNameOf("2026"), "t_2026");
  EXPECT_EQ(DatasetNameOf("Dataset 1"), "t_dataset_1");
  EXPECT_EQ(DatasetNameOf(std::string(90, 'a')), std::string(kDatasetNameBytesMax, 'a'));
  EXPECT_EQ(DatasetNameOf("\xE6\x97\xA5"), "");
}

TEST(DatasetName, IsMeantByItsTitleAlone) {
  EXPECT_TRUE(IsTitleOf("Visits (2026)", "visits_2026"));
  EXPECT_TRUE(IsTitleOf("visits", "visits"));
  for (const char* word : {"visits ", " visits", "visits;", "\"visits\"", "", "日", "visits 2026"}) {
    EXPECT_FALSE(IsTitleOf(word, "visits")) << word;
  }
}

TEST(DatasetName, IsNotTheWordForAnId) {
  EXPECT_EQ(DatasetIdIn("dataset_ds_00000000000000000000000001")->str(), "ds_00000000000000000000000001");
  EXPECT_EQ(DatasetIdIn("dataset_00000000000000000000000001")->str(), "ds_00000000000000000000000001");
  EXPECT_FALSE(DatasetIdIn("dataset_2024"));
  EXPECT_FALSE(DatasetIdIn("ds_00000000000000000000000001"));
}

TEST(DatasetName, IsNoneThatNamesAnotherByItsId) {
  EXPECT_TRUE(IsDatasetName("dataset"));
  EXPECT_TRUE(IsDatasetName("datasets_of_2026"));
  EXPECT_FALSE(IsDatasetName("dataset_ds_00000000000000000000000001"));
  EXPECT_FALSE(IsDatasetName("dataset_"));
}

std::string QueryProblem(const std::function<void(QueryRequest&)>& change) {
  QueryRequest request = Request();
  change(request);
  const auto decoded = DecodeQueryRequest(EncodeQueryRequest(request));
  return decoded ? "" : decoded.error().public_message;
}

TEST(QueryRequest, ListsAreSortedUniqueAndNotEmpty) {
  const DatasetRead first{.dataset = for_test::Dataset('1')};
  const DatasetRead second{.dataset = for_test::Dataset('2')};
  EXPECT_EQ(QueryProblem([&](auto& q) { q.datasets = {first, second}; }), "");
  EXPECT_EQ(QueryProblem([&](auto& q) {
              q.datasets = {second, first};
            }),
            "body.datasets must be sorted by dataset, none twice");
  EXPECT_EQ(QueryProblem([&](auto& q) {
              q.datasets = {first, first};
            }),
            "body.datasets must be sorted by dataset, none twice");
  EXPECT_EQ(QueryProblem([](auto& q) { q.datasets = {}; }), "body.datasets must not be empty");
  EXPECT_EQ(QueryProblem([](auto& q) { q.recipients = {}; }), "body.recipients must not be empty");
  EXPECT_THAT(QueryProblem([](auto& q) { q.recipients = {"me"}; }), HasSubstr("thumbprints"));
}

TEST(QueryRequest, TextIsBoundedAndReadsAsItLooks) {
  EXPECT_THAT(QueryProblem([](auto& q) { q.text = std::string(kQueryTextBytesMax + 1, ' '); }), HasSubstr("body.text"));
  EXPECT_EQ(QueryProblem([](auto& q) { q.text = "SELECT 1\n\tFROM visits"; }), "");
  EXPECT_EQ(QueryProblem([](auto& q) { q.text = "SELECT '\xE2\x80\xAE'"; }),
            "body.text must hold no control characters");
  EXPECT_THAT(QueryProblem([](auto& q) { q.text = ""; }), HasSubstr("must not be empty"));
}

TEST(Manifest, VersionOneHasNoPreviousAndEveryLaterOneHas) {
  Manifest manifest = for_test::ManifestOf(for_test::Dataset('1'), "visits", kCharter);
  manifest.version = 2;
  EXPECT_THAT(DecodeManifest(EncodeManifest(manifest)).error().public_message, HasSubstr("previous_manifest"));
  manifest.previous_manifest = Digest256{7};
  EXPECT_TRUE(DecodeManifest(EncodeManifest(manifest)).has_value());
  manifest.version = 1;
  EXPECT_FALSE(DecodeManifest(EncodeManifest(manifest)).has_value());
}

TEST(Manifest, NamesAreIdentifiers) {
  for (const char* name : {"visits", "v", "a_1", "z23456789012345678901234567890123456789012345678901234567890123"}) {
    EXPECT_TRUE(IsDatasetName(name)) << name;
  }
  for (const char* name : {"", "Visits", "1a", "_a", "a-b", "a b", "ä",
                           "z234567890123456789012345678901234567890123456789012345678901234"}) {
    EXPECT_FALSE(IsDatasetName(name)) << name;
  }
}

TEST(Approval, ChargesAreSortedAndInBounds) {
  Approval approval = AnApproval();
  approval.charges.push_back(approval.charges.front());
  EXPECT_EQ(DecodeApproval(EncodeApproval(approval)).error().public_message,
            "body.charges must be sorted by dataset, none twice");
  approval = AnApproval();
  approval.charges[0].delta = 1.5;
  EXPECT_THAT(DecodeApproval(EncodeApproval(approval)).error().public_message, HasSubstr("body.charges[0].delta"));
  approval.charges[0].delta = 0;
  approval.charges[0].runs = -1;
  EXPECT_FALSE(DecodeApproval(EncodeApproval(approval)).has_value());
}

TEST(Revocation, NamesADocumentExactlyWhenOneEnds) {
  using Ends = Revocation::Ends;
  const auto holds = [](Ends ends, std::optional<Digest256> document) {
    return DecodeRevocation(EncodeRevocation({.ends = ends, .document = document})).has_value();
  };
  EXPECT_TRUE(holds(Ends::kApproval, Digest256{1}));
  EXPECT_FALSE(holds(Ends::kApproval, std::nullopt));
  EXPECT_FALSE(holds(Ends::kManifest, std::nullopt));
  EXPECT_TRUE(holds(Ends::kMembership, std::nullopt));
  EXPECT_TRUE(holds(Ends::kTermination, std::nullopt));
  EXPECT_FALSE(holds(Ends::kTermination, Digest256{1}));
}

TEST(ObjectRef, HasLengthAndDigests) {
  const SealedObjectRef object{
      .header_digest = Digest256{1}, .length_bytes = kSealedObjectBytesMax, .root = Digest256{2}};
  EXPECT_EQ(DecodeObjectRef(EncodeObjectRef(object), "object").value(), object);
  SealedObjectRef empty = object;
  empty.length_bytes = 0;
  EXPECT_THAT(DecodeObjectRef(EncodeObjectRef(empty), "object").error().public_message, HasSubstr("object.length"));
}

}  // namespace
}  // namespace cloister::agreement
