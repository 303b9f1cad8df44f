#include "crypto/digest.h"

#include <gtest/gtest.h>

#include "codec/text.h"

namespace cloister::crypto {
namespace {

Bytes Hex(std::string_view text) { return codec::HexDecode(text).value(); }

// FIPS 180-4 examples.
TEST(Sha256, KnownValues) {
  EXPECT_EQ(codec::HexEncode(Sha256(AsBytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(codec::HexEncode(Sha256(ByteView())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, PartsAndPiecesAreTheirConcatenation) {
  EXPECT_EQ(Sha256({AsBytes("a"), ByteView(), AsBytes("bc")}), Sha256(AsBytes("abc")));
  Sha256Stream stream;
  for (int round = 0; round < 2; ++round) {
    stream.Update(AsBytes("ab"));
    stream.Update({});
    stream.Update(AsBytes("c"));
    EXPECT_EQ(stream.Finish(), Sha256(AsBytes("abc"))) << "round " << round;
  }
}

TEST(Sha256, AMovedStreamGoesOn) {
  Sha256Stream first;
  first.Update(AsBytes("a"));
  Sha256Stream second = std::move(first);
  second.Update(AsBytes("bc"));
  EXPECT_EQ(second.Finish(), Sha256(AsBytes("abc")));
}

TEST(Sha512, KnownValue) {
  EXPECT_EQ(codec::HexEncode(Sha512(AsBytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
TEST(HmacSha256, KnownValues) {
  EXPECT_EQ(codec::HexEncode(HmacSha256(Bytes(20, 0x0b), AsBytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(codec::HexEncode(HmacSha256(AsBytes("Jefe"), AsBytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(codec::HexEncode(HmacSha256(Bytes(131, 0xaa),
                                        AsBytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(EqualInConstantTime, ComparesSizeAndBytes) {
  EXPECT_TRUE(EqualInConstantTime({}, {}));
  EXPECT_TRUE(EqualInConstantTime(Hex("0102"), Hex("0102")));
  EXPECT_FALSE(EqualInConstantTime(Hex("0102"), Hex("0103")));
  EXPECT_FALSE(EqualInConstantTime(Hex("0102"), Hex("01")));
}

}  // namespace
}  // namespace cloister::crypto
