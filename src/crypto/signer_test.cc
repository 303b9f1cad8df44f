#include "crypto/signer.h"

#include <gtest/gtest.h>
#include <sodium/crypto_core_ed25519.h>

#include "codec/text.h"

namespace cloister::crypto {
namespace {

Bytes Hex(std::string_view text) { return codec::HexDecode(text).value(); }

Ed25519Signer FromSeed(std::string_view hex) {
  return Ed25519Signer::FromSeed(SecretBytes::CopyOf(Hex(hex))).value();
}
// RFC 8032 section 7.1, test 1; also the key of RFC 8037 appendix A.
Ed25519Signer ExampleSigner() {
  return FromSeed("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
}

// RFC 8032 section 7.1, tests 1 to 3.
TEST(Ed25519, KnownSignatures) {
  struct Case {
    const char *seed, *public_key, *message, *signature;
  };
  for (const Case& c :
       {Case{
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"},
        Case{
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"},
        Case{
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"}}) {
    const Ed25519Signer signer = FromSeed(c.seed);
    EXPECT_EQ(codec::HexEncode(signer.public_key().raw()), c.public_key);
    EXPECT_EQ(codec::HexEncode(signer.Sign(Hex(c.message)).value()), c.signature);
    EXPECT_TRUE(signer.public_key().Verify(Hex(c.message), Hex(c.signature)).has_value());
    EXPECT_FALSE(signer.public_key().Verify(Hex("00"), Hex(c.signature)).has_value());
  }
}

// RFC 8037 appendix A.3.
TEST(Ed25519, KnownThumbprint) {
  EXPECT_EQ(ExampleSigner().public_key().Thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(Ed25519, RefusesSignaturesOfAnotherSize) {
  const Ed25519Signer signer = ExampleSigner();
  const Ed25519Signature signature = signer.Sign({}).value();
  EXPECT_FALSE(signer.public_key().Verify({}, ByteView(signature).first(63)).has_value());
  Bytes longer = ToBytes(ByteView(signature));
  longer.push_back(0);
  EXPECT_FALSE(signer.public_key().Verify({}, longer).has_value());
  EXPECT_FALSE(signer.public_key().Verify({}, {}).has_value());
}

// S + L fits the equation as S does: a second signature of the same message by somebody without the key.
TEST(Ed25519, RefusesScalarsNotBelowTheGroupOrder) {
  const Bytes order = Hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const Ed25519Signer signer = ExampleSigner();
  Ed25519Signature signature = signer.Sign(AsBytes("once")).value();
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += signature[32 + i] + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  const Status status = signer.public_key().Verify(AsBytes("once"), signature);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Code::kVerificationFailed);
}

// The eight points of small order, in every encoding (y and, where it fits 255 bits, y + p; either sign).
TEST(Ed25519PublicKey, RefusesPointsOfSmallOrder) {
  for (std::string point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    Bytes raw = Hex(point);
    EXPECT_FALSE(Ed25519PublicKey::FromRaw(raw).has_value()) << point;
    raw[31] |= 0x80;
    const auto negative = Ed25519PublicKey::FromRaw(raw);
    ASSERT_FALSE(negative.has_value()) << point << " with sign";
    EXPECT_EQ(negative.error().code, Code::kVerificationFailed);
  }
}

TEST(Ed25519PublicKey, RefusesWhatIsNotCanonicalOrNoPointOfThePrimeOrderGroup) {
  EXPECT_FALSE(Ed25519PublicKey::FromRaw(Bytes(31)).has_value());
  EXPECT_FALSE(Ed25519PublicKey::FromRaw(Bytes(33)).has_value());
  for (int low = 0xed; low <= 0xff; ++low) {  // y from p to 2^255 - 1
    Bytes raw(32, 0xff);
    raw[0] = static_cast<std::uint8_t>(low);
    EXPECT_FALSE(Ed25519PublicKey::FromRaw(raw).has_value()) << low;
    raw[31] = 0x7f;
    EXPECT_FALSE(Ed25519PublicKey::FromRaw(raw).has_value()) << low;
  }
  Bytes off_curve(32);
  off_curve[0] = 2;  // y = 2 has no x
  EXPECT_FALSE(Ed25519PublicKey::FromRaw(off_curve).has_value());

  const Bytes of_order_eight = Hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  ByteArray<32> mixed{};
  ASSERT_EQ(
      crypto_core_ed25519_add(mixed.data(), ExampleSigner().public_key().raw().data(), of_order_eight.data()),
      0);
  EXPECT_FALSE(Ed25519PublicKey::FromRaw(mixed).has_value());
}

TEST(Ed25519Signer, GeneratesWhatItsSeedMakesAgain) {
  InsecureRngForTest rng(7);
  const Ed25519Signer signer = Ed25519Signer::Generate(rng);
  const auto again = Ed25519Signer::FromSeed(signer.seed().Clone()).value();
  EXPECT_EQ(again.public_key(), signer.public_key());
  EXPECT_NE(Ed25519Signer::Generate(rng).public_key(), signer.public_key());
  EXPECT_FALSE(Ed25519Signer::FromSeed(SecretBytes(33)).has_value());
}

}  // namespace
}  // namespace cloister::crypto
