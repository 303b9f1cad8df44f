#include "crypto/digest.h"

#include <gtest/gtest.h>

#include "codec/text.h"
#include "crypto/kdf.h"

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

// RFC 5869, test cases 1 to 3.
TEST(HkdfSha256, KnownValues) {
  EXPECT_EQ(codec::HexEncode(HkdfSha256(Bytes(22, 0x0b), Hex("000102030405060708090a0b0c"),
                                        Hex("f0f1f2f3f4f5f6f7f8f9"), 42)
                                 .view()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  Bytes input_key, salt, info;
  for (int i = 0; i < 80; ++i) {
    input_key.push_back(static_cast<std::uint8_t>(i));
    salt.push_back(static_cast<std::uint8_t>(0x60 + i));
    info.push_back(static_cast<std::uint8_t>(0xb0 + i));
  }
  EXPECT_EQ(codec::HexEncode(HkdfSha256(input_key, salt, info, 82).view()),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(codec::HexEncode(HkdfSha256(Bytes(22, 0x0b), {}, {}, 42).view()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(HkdfSha256, GivesUpToItsLimit) {
  const Bytes key(32, 7);
  EXPECT_TRUE(HkdfSha256(key, {}, {}, 0).empty());
  const SecretBytes most = HkdfSha256(key, {}, AsBytes("label"), 255 * 32);
  const SecretBytes some = HkdfSha256(key, {}, AsBytes("label"), 33);
  EXPECT_TRUE(std::equal(some.view().begin(), some.view().end(), most.view().begin()));
}

}  // namespace
}  // namespace cloister::crypto
