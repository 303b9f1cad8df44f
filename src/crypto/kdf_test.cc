#include "crypto/kdf.h"

#include <gtest/gtest.h>

#include "codec/text.h"

namespace cloister::crypto {
namespace {

Bytes Hex(std::string_view text) { return codec::HexDecode(text).value(); }

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

// RFC 7914 section 12, first and second.
TEST(Scrypt, KnownValues) {
  EXPECT_EQ(codec::HexEncode(
                Scrypt({.password = {}, .salt = {}, .log_n = 4, .block_size = 1, .size = 64}).value().view()),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
            "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  EXPECT_EQ(codec::HexEncode(Scrypt({.password = AsBytes("password"),
                                     .salt = AsBytes("NaCl"),
                                     .log_n = 10,
                                     .parallelism = 16,
                                     .size = 64})
                                 .value()
                                 .view()),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
}

}  // namespace
}  // namespace cloister::crypto
