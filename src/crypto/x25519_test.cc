#include "crypto/x25519.h"

#include <gtest/gtest.h>

#include "codec/text.h"

namespace cloister::crypto {
namespace {

Bytes Hex(std::string_view text) { return codec::HexDecode(text).value(); }

X25519PrivateKey Private(std::string_view hex) {
  return X25519PrivateKey::FromSecret(SecretBytes::CopyOf(Hex(hex))).value();
}

// RFC 7748 section 5.2.
TEST(X25519, KnownScalarMultiplication) {
  const auto shared =
      Private("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
          .Agree(ToArray<32>(Hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")));
  EXPECT_EQ(codec::HexEncode(shared.value().view()),
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

// RFC 7748 section 6.1.
TEST(X25519, KnownAgreement) {
  const auto alice = Private("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto bob = Private("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  EXPECT_EQ(codec::HexEncode(alice.public_key()),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(codec::HexEncode(bob.public_key()),
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const std::string shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  EXPECT_EQ(codec::HexEncode(alice.Agree(bob.public_key()).value().view()), shared);
  EXPECT_EQ(codec::HexEncode(bob.Clone().Agree(alice.public_key()).value().view()), shared);
}

// Every u-coordinate whose multiple by a clamped scalar is zero, in all its encodings below 2^255.
TEST(X25519, RefusesPointsOfLowOrder) {
  InsecureRngForTest rng(1);
  const auto key = X25519PrivateKey::Generate(rng);
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const auto shared = key.Agree(ToArray<32>(Hex(point)));
    ASSERT_FALSE(shared.has_value()) << point;
    EXPECT_EQ(shared.error().code, Code::kVerificationFailed);
  }
}

TEST(X25519, KeepsTheSecretAsGiven) {
  const Bytes secret(32, 0xff);  // not clamped
  const auto key = X25519PrivateKey::FromSecret(SecretBytes::CopyOf(secret)).value();
  EXPECT_EQ(ToBytes(key.secret().view()), secret);
  EXPECT_FALSE(X25519PrivateKey::FromSecret(SecretBytes(31)).has_value());
}

}  // namespace
}  // namespace cloister::crypto
