#include "crypto/signature_verifier.h"

#include <gtest/gtest.h>

#include "codec/text.h"
#include "crypto/foreign_signatures_for_test.h"

namespace cloister::crypto {
namespace {

using S = SignatureScheme;

Bytes Decode(const char* text) { return codec::Base64UrlDecode(text).value(); }
VerifyingKey Key(const char* spki) { return VerifyingKey::FromSpki(Decode(spki)).value(); }
bool Accepts(const VerifyingKey& key, SignatureScheme scheme, ByteView signature) {
  return key.Verify(scheme, AsBytes(kSignedText), signature).has_value();
}

// r and s out of a DER signature of two INTEGERs with short lengths.
Bytes RawFromDer(ByteView der, std::size_t number_bytes) {
  Bytes raw;
  std::size_t at = der[1] >= 0x80 ? 3 : 2;
  for (int i = 0; i < 2; ++i) {
    ByteView number = der.subspan(at + 2, der[at + 1]);
    at += 2 + number.size();
    while (number.size() > number_bytes) number = number.subspan(1);
    raw.resize(raw.size() + number_bytes - number.size());
    Append(raw, number);
  }
  return raw;
}

struct Known {
  const char* spki;
  SignatureScheme scheme;
  const char* signature;
};
const Known kKnown[] = {
    {kRsaSpki, S::kRsaPkcs1Sha256, kRs256},     {kRsaSpki, S::kRsaPkcs1Sha384, kRs384},
    {kRsaSpki, S::kRsaPkcs1Sha512, kRs512},     {kRsaSpki, S::kRsaPssSha256, kPs256},
    {kRsaSpki, S::kRsaPssSha384, kPs384},       {kRsaSpki, S::kRsaPssSha512, kPs512},
    {kP256Spki, S::kEcdsaSha256Der, kEs256Der}, {kP384Spki, S::kEcdsaSha384Der, kEs384Der},
    {kP521Spki, S::kEcdsaSha512Der, kEs512Der}, {kEd25519Spki, S::kEd25519, kEd}};

TEST(VerifyingKey, EachSignatureFitsItsSchemeAndNoOther) {
  for (const Known& known : kKnown) {
    const Bytes signature = Decode(known.signature);
    for (int other = 0; other <= static_cast<int>(S::kEd25519); ++other) {
      const auto scheme = static_cast<SignatureScheme>(other);
      EXPECT_EQ(Accepts(Key(known.spki), scheme, signature), scheme == known.scheme)
          << static_cast<int>(known.scheme) << " as " << other;
    }
  }
}

TEST(VerifyingKey, AnyChangeIsRefused) {
  for (const Known& known : kKnown) {
    const VerifyingKey key = Key(known.spki);
    Bytes signature = Decode(known.signature);
    EXPECT_FALSE(key.Verify(known.scheme, AsBytes("signed by nobody else"), signature).has_value());
    signature.push_back(0);
    EXPECT_FALSE(Accepts(key, known.scheme, signature));
    signature.pop_back();
    signature.pop_back();
    EXPECT_FALSE(Accepts(key, known.scheme, signature));
    EXPECT_FALSE(Accepts(key, known.scheme, {}));
    signature = Decode(known.signature);
    signature[signature.size() / 2] ^= 1;
    EXPECT_FALSE(Accepts(key, known.scheme, signature));
  }
}

TEST(VerifyingKey, TakesEcdsaSideBySide) {
  const struct {
    const char *spki, *der;
    SignatureScheme scheme;
    std::size_t number_bytes;
  } cases[] = {{kP256Spki, kEs256Der, S::kEcdsaSha256Raw, 32},
               {kP384Spki, kEs384Der, S::kEcdsaSha384Raw, 48},
               {kP521Spki, kEs512Der, S::kEcdsaSha512Raw, 66}};
  for (const auto& c : cases) {
    const VerifyingKey key = Key(c.spki);
    Bytes raw = RawFromDer(Decode(c.der), c.number_bytes);
    EXPECT_TRUE(Accepts(key, c.scheme, raw));
    raw.insert(raw.begin(), 0);
    EXPECT_FALSE(Accepts(key, c.scheme, raw));
    raw.insert(raw.begin() + 1 + static_cast<std::ptrdiff_t>(c.number_bytes),
               0);  // both numbers one byte longer
    EXPECT_FALSE(Accepts(key, c.scheme, raw));
    EXPECT_FALSE(Accepts(key, c.scheme, Bytes(2 * c.number_bytes)));        // r = s = 0
    EXPECT_FALSE(Accepts(key, c.scheme, Bytes(2 * c.number_bytes, 0xff)));  // above the order
  }
}

TEST(VerifyingKey, PssSaltIsAsLongAsTheDigest) {
  EXPECT_FALSE(Accepts(Key(kRsaSpki), S::kRsaPssSha256, Decode(kPs256ShortSalt)));
}

TEST(VerifyingKey, KnowsItsKindAndWritesItselfBack) {
  const KeyKind kinds[] = {KeyKind::kRsa, KeyKind::kP256, KeyKind::kP384, KeyKind::kP521, KeyKind::kEd25519};
  const char* spkis[] = {kRsaSpki, kP256Spki, kP384Spki, kP521Spki, kEd25519Spki};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Key(spkis[i]).kind(), kinds[i]);
    EXPECT_EQ(Key(spkis[i]).spki(), Decode(spkis[i]));
  }
}

TEST(VerifyingKey, RefusesOtherEncodingsAndWeakOrForeignKeys) {
  for (const char* spki :
       {kP256Compressed, kP256ExplicitCurve, kRsa1024Spki, kRsaPssSpki, kSecp256k1Spki, kX25519Spki, ""}) {
    const auto key = VerifyingKey::FromSpki(Decode(spki));
    ASSERT_FALSE(key.has_value()) << spki;
    EXPECT_EQ(key.error().code, Code::kVerificationFailed);
  }
  for (const char* spki : {kRsaSpki, kP256Spki, kEd25519Spki}) {
    Bytes longer = Decode(spki);
    longer.push_back(0);
    EXPECT_FALSE(VerifyingKey::FromSpki(longer).has_value());
    for (std::size_t size = 0; size + 1 < longer.size(); ++size) {
      EXPECT_FALSE(VerifyingKey::FromSpki(ByteView(longer).first(size)).has_value());
    }
  }
  EXPECT_FALSE(VerifyingKey::FromSpki(Bytes(kSpkiBytesMax + 1, 0x30)).has_value());
}

TEST(VerifyingKey, RefusesPointsThatAreNotOnTheCurve) {
  const Bytes spki = Decode(kP256Spki);
  const ByteView point = ByteView(spki).last(64);
  EXPECT_TRUE(
      VerifyingKey::FromEcPoint(KeyKind::kP256, {.x = point.first(32), .y = point.last(32)}).has_value());
  EXPECT_FALSE(
      VerifyingKey::FromEcPoint(KeyKind::kP256, {.x = point.last(32), .y = point.first(32)}).has_value());
  EXPECT_FALSE(VerifyingKey::FromEcPoint(KeyKind::kP256, {.x = Bytes(32), .y = Bytes(32)}).has_value());
  EXPECT_FALSE(
      VerifyingKey::FromEcPoint(KeyKind::kP256, {.x = Bytes(32, 0xff), .y = point.last(32)}).has_value());
  EXPECT_FALSE(
      VerifyingKey::FromEcPoint(KeyKind::kP384, {.x = point.first(32), .y = point.last(32)}).has_value());
}

TEST(VerifyingKey, RefusesUnsafeRsaNumbers) {
  const Bytes spki = Decode(kRsaSpki);
  const Bytes modulus = ToBytes(ByteView(spki).subspan(spki.size() - 5 - 256, 256));  // before 02 03 01 00 01
  const auto accepts = [](const Bytes& n, const Bytes& e) {
    return VerifyingKey::FromRsa({.modulus = n, .exponent = e}).has_value();
  };
  ASSERT_TRUE(accepts(modulus, {1, 0, 1}));
  EXPECT_TRUE(accepts(modulus, {3}));
  for (const Bytes& exponent :
       {Bytes{}, Bytes{0}, Bytes{1}, Bytes{2}, Bytes{0, 1, 0, 1}, Bytes{1, 0, 0}, Bytes(9, 0xff)}) {
    EXPECT_FALSE(accepts(modulus, exponent));
  }
  Bytes changed = modulus;
  changed.insert(changed.begin(), 0);
  EXPECT_FALSE(accepts(changed, {1, 0, 1}));
  changed = modulus;
  changed.back() &= 0xfe;
  EXPECT_FALSE(accepts(changed, {1, 0, 1}));
  changed = modulus;
  changed[0] &= 0x7f;  // 2047 bits
  EXPECT_FALSE(accepts(changed, {1, 0, 1}));
  EXPECT_FALSE(accepts(Bytes(kRsaModulusBitsMax / 8 + 1, 0xff), {1, 0, 1}));
  EXPECT_FALSE(accepts(Decode(kRocaModulus), {1, 0, 1}));
}

}  // namespace
}  // namespace cloister::crypto
