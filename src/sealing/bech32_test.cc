#include "sealing/bech32.h"

#include <gtest/gtest.h>

#include "codec/text.h"

namespace cloister::sealing {
namespace {

// BIP 173, "Test vectors": valid strings, some of them without data.
TEST(Bech32, ReadsAndWritesTheVectorsOfBip173) {
  const auto empty = Bech32Decode("a", "a12uel5l");
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->empty());
  EXPECT_EQ(Bech32Encode("a", {}), "a12uel5l");
  EXPECT_TRUE(Bech32Decode("a", "A12UEL5L"));

  const auto counted = Bech32Decode("abcdef", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw");
  ASSERT_TRUE(counted);
  EXPECT_EQ(codec::HexEncode(*counted), "00443214c74254b635cf84653a56d7c675be77df");
  EXPECT_EQ(Bech32Encode("abcdef", *counted), "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw");
}

TEST(Bech32, RefusesWhatBip173CallsInvalid) {
  EXPECT_FALSE(Bech32Decode("a", "a12UEL5L")) << "mixed case";
  EXPECT_FALSE(Bech32Decode("a", "a12uel5m")) << "checksum";
  EXPECT_FALSE(Bech32Decode("x", "x1b4n0q5v")) << "a character outside the alphabet";
  EXPECT_FALSE(Bech32Decode("li", "li1dgmt3")) << "too short for a checksum";
  EXPECT_FALSE(Bech32Decode("b", "a12uel5l")) << "another prefix";
  EXPECT_FALSE(Bech32Decode("a", "")) << "nothing";
}

// One byte takes two groups of five bits, 8 of 10. The checksums were computed with the reference code of BIP
// 173.
TEST(Bech32, RefusesPaddingThatNoEncoderWrites) {
  EXPECT_EQ(Bech32Encode("t", Bytes{0}), "t1qqrw7ke5");
  EXPECT_TRUE(Bech32Decode("t", "t1qqrw7ke5"));
  EXPECT_FALSE(Bech32Decode("t", "t1qp7c2ryx")) << "the lowest padding bit is set";
  EXPECT_FALSE(Bech32Decode("t", "t1qzstl42e")) << "the other padding bit is set";
  EXPECT_FALSE(Bech32Decode("t", "t1qd0xvf5")) << "five bits are no byte";
  EXPECT_FALSE(Bech32Decode("t", "t1qqqqdr0m7")) << "a whole group of padding";
}

}  // namespace
}  // namespace cloister::sealing
