#include "ledger/seal.h"

#include <gtest/gtest.h>

#include "agreement/people_for_test.h"
#include "crypto/digest.h"
#include "ledger/log_store.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;

const agreement::LedgerPoint kPoint{.size = 258, .root = people::DigestOf("root")};

SecretBytes Key(std::uint8_t byte) { return SecretBytes::CopyOf(Bytes(32, byte)); }

TEST(Seal, IsAMacOverEnvironmentSizeAndRoot) {
  std::string message = "cloister/v1/ledger";
  message += '\0';
  message += people::Environment().str();
  message += '\0';
  message += std::string(6, '\0') + "\x01\x02";
  message += AsText(kPoint.root);
  EXPECT_EQ(SealState(Key(1), people::Environment(), kPoint), crypto::HmacSha256(Key(1).view(), AsBytes(message)));
}

TEST(Seal, OfAnotherStateKeyOrEnvironmentIsRefused) {
  const Digest256 seal = SealState(Key(1), people::Environment(), kPoint);
  EXPECT_TRUE(CheckSeal(Key(1), people::Environment(), kPoint, seal).has_value());
  EXPECT_FALSE(CheckSeal(Key(2), people::Environment(), kPoint, seal).has_value());
  EXPECT_FALSE(CheckSeal(Key(1), people::Environment('2'), kPoint, seal).has_value());
  EXPECT_FALSE(CheckSeal(Key(1), people::Environment(), {.size = 257, .root = kPoint.root}, seal).has_value());
  EXPECT_FALSE(CheckSeal(Key(1), people::Environment(), {.size = 258, .root = {}}, seal).has_value());
}

TEST(InMemoryLogStore, AppendsOnlyAtItsEnd) {
  InMemoryLogStore store;
  EXPECT_TRUE(
      store.Append({.size_before = 0, .entries = {"a", "b"}, .checkpoint = "c2", .seal = Digest256{2}}).has_value());
  EXPECT_EQ(store.Append({.size_before = 0, .entries = {"x"}}).error().code, Code::kConflict);
  EXPECT_TRUE(store.Append({.size_before = 2, .entries = {"c"}, .checkpoint = "c3", .seal = Digest256{3}}).has_value());
  EXPECT_EQ(store.Read(1, 2).value(), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(store.Read(2, kReadEntriesMax).value(), std::vector<std::string>{"c"});
  EXPECT_TRUE(store.Read(9, 1)->empty());
  EXPECT_EQ(store.Snapshot().checkpoint, "c3");
}

}  // namespace
}  // namespace cloister::ledger
