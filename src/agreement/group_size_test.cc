#include "agreement/group_size.h"

#include <gtest/gtest.h>

#include "agreement/documents.h"
#include "agreement/people_for_test.h"

namespace cloister::agreement {
namespace {

TEST(GroupSize, IsTheChartersWhereTheOwnerIsSilent) {
  const auto silent = *codec::ParseJson(R"({"privacy_unit":null})");
  EXPECT_FALSE(StatesGroupSize(silent));
  EXPECT_EQ(WithGroupSize(silent, 40), *codec::ParseJson(R"({"privacy_unit":null,"min_group_size":40})"));
  const auto stated = *codec::ParseJson(R"({"privacy_unit":null,"min_group_size":7})");
  EXPECT_TRUE(StatesGroupSize(stated));
  EXPECT_EQ(WithGroupSize(stated, 40), stated);
  EXPECT_EQ(WithGroupSize(codec::Json("a preset"), 40), codec::Json("a preset"));
}

TEST(GroupSize, StandsInEveryManifest) {
  codec::Json manifest = EncodeManifest(for_test::ManifestOf(for_test::Dataset('1'), "visits", Digest256{1}));
  ASSERT_TRUE(DecodeManifest(manifest).has_value());
  manifest.as_object()["policy"].as_object().erase("min_group_size");
  EXPECT_EQ(DecodeManifest(manifest).error().public_message, "body.policy must state min_group_size");
}

}  // namespace
}  // namespace cloister::agreement
