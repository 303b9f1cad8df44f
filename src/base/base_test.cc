#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/id.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/secret_bytes.h"

namespace cloister {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("odd");
  return n / 2;
}

Result<int> Quarter(int n) {
  CLOISTER_ASSIGN(int half, Half(n));
  CLOISTER_TRY(Half(half));
  return half / 2;
}

TEST(Result, AssignAndTryPassTheErrorOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).error().public_message, "odd");
}

TEST(Result, WhatIsTakenOutOfATemporaryLives) {
  const auto words = []() -> Result<std::vector<std::string>> {
    return std::vector<std::string>{"a word too long for the short string", "b"};
  };
  std::string all;
  for (const std::string& each : *words()) all += each;
  EXPECT_EQ(all, "a word too long for the short stringb");
}

TEST(ResultDeathTest, AskingForTheWrongSideStopsTheProcess) {
  EXPECT_DEATH((void)Half(3).value(), "broken invariant");
  EXPECT_DEATH((void)Half(2).error(), "broken invariant");
}

TEST(Instant, WritesAndReadsOneForm) {
  const Instant noon{1'764'072'000'000};
  EXPECT_EQ(FormatRfc3339(noon), "2025-11-25T12:00:00Z");
  EXPECT_EQ(ParseRfc3339("2025-11-25T12:00:00Z").value(), noon);
}

TEST(Instant, RefusesOtherSpellingsAndImpossibleDates) {
  for (const char* text : {"2025-11-25 12:00:00Z", "2025-11-25T12:00:00", "2025-11-25T12:00:00+00:00",
                           "2025-02-30T00:00:00Z", "2025-11-25T24:00:00Z", "2025-11-25T12:00:00.0Z", ""}) {
    EXPECT_FALSE(ParseRfc3339(text).has_value()) << text;
  }
}

TEST(Id, SortsByAgeAndReadsItsOwnText) {
  FakeClock clock;
  InsecureRngForTest rng(1);
  const auto first = DatasetId::New(clock, rng);
  clock.Advance(1);
  const auto second = DatasetId::New(clock, rng);
  EXPECT_LT(first, second);
  EXPECT_EQ(first.str().size(), 29u);
  EXPECT_EQ(DatasetId::Parse(first.str()).value(), first);
}

TEST(Id, RefusesAnotherKindsPrefix) {
  FakeClock clock;
  InsecureRngForTest rng(1);
  EXPECT_FALSE(QueryId::Parse(DatasetId::New(clock, rng).str()).has_value());
  EXPECT_FALSE(DatasetId::Parse("ds_short").has_value());
  EXPECT_FALSE(DatasetId::Parse("ds_0123456789abcdefghijklmnop").has_value());  // i and l
}

TEST(Descriptor, IsClosedOnceByItsLastOwner) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  Descriptor moved = std::move(writer);
  EXPECT_FALSE(writer.valid());  // NOLINT: a moved-from descriptor owns nothing by contract
  char byte = 0;
  EXPECT_EQ(write(moved.get(), "x", 1), 1);
  EXPECT_EQ(read(reader.get(), &byte, 1), 1);
  moved = Descriptor();
  EXPECT_EQ(read(reader.get(), &byte, 1), 0) << "the only writer is gone";
  EXPECT_TRUE(reader.Close());
  EXPECT_TRUE(reader.Close()) << "nothing is left to close";
  Descriptor wrong(1 << 20);
  EXPECT_FALSE(wrong.Close());
}

TEST(SecretBytes, TakesAndWipesItsSource) {
  Bytes source = {1, 2, 3};
  SecretBytes secret = SecretBytes::TakeFrom(source);
  EXPECT_TRUE(source.empty());
  EXPECT_EQ(ToBytes(secret.view()), (Bytes{1, 2, 3}));
  SecretBytes moved = std::move(secret);
  EXPECT_TRUE(secret.empty());  // NOLINT: a moved-from secret is empty by contract
  EXPECT_EQ(moved.size(), 3u);
}

}  // namespace
}  // namespace cloister
