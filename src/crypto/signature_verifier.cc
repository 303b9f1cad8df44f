#include "crypto/signature_verifier.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <optional>

#include "crypto/openssl.h"
#include "crypto/roca.h"

namespace cloister::crypto {
namespace {

using Number = std::unique_ptr<BIGNUM, openssl::Freeing<BN_free>>;
using EcdsaPair = std::unique_ptr<ECDSA_SIG, openssl::Freeing<ECDSA_SIG_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, openssl::Freeing<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, openssl::Freeing<OSSL_PARAM_free>>;

// 64 bits: OpenSSL's own bound for moduli above 3072 bits, and more than any issuer uses.
constexpr int kRsaExponentBitsMax = 64;

struct Curve {
  KeyKind kind;
  const char* group;
  std::size_t field_bytes;
};
constexpr std::array kCurves = {Curve{KeyKind::kP256, "P-256", 32}, Curve{KeyKind::kP384, "P-384", 48},
                                Curve{KeyKind::kP521, "P-521", 66}};

const Curve* FindCurve(KeyKind kind) {
  for (const Curve& curve : kCurves) {
    if (curve.kind == kind) return &curve;
  }
  return nullptr;
}

enum class Family { kEcdsaDer, kEcdsaRaw, kRsaPkcs1, kRsaPss, kEd25519 };
struct SchemeParts {
  Family family;
  const char* digest;  // null: the scheme hashes by itself
};

SchemeParts PartsOf(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::kEcdsaSha256Der: return {Family::kEcdsaDer, "SHA2-256"};
    case SignatureScheme::kEcdsaSha384Der: return {Family::kEcdsaDer, "SHA2-384"};
    case SignatureScheme::kEcdsaSha512Der: return {Family::kEcdsaDer, "SHA2-512"};
    case SignatureScheme::kEcdsaSha256Raw: return {Family::kEcdsaRaw, "SHA2-256"};
    case SignatureScheme::kEcdsaSha384Raw: return {Family::kEcdsaRaw, "SHA2-384"};
    case SignatureScheme::kEcdsaSha512Raw: return {Family::kEcdsaRaw, "SHA2-512"};
    case SignatureScheme::kRsaPkcs1Sha256: return {Family::kRsaPkcs1, "SHA2-256"};
    case SignatureScheme::kRsaPkcs1Sha384: return {Family::kRsaPkcs1, "SHA2-384"};
    case SignatureScheme::kRsaPkcs1Sha512: return {Family::kRsaPkcs1, "SHA2-512"};
    case SignatureScheme::kRsaPssSha256: return {Family::kRsaPss, "SHA2-256"};
    case SignatureScheme::kRsaPssSha384: return {Family::kRsaPss, "SHA2-384"};
    case SignatureScheme::kRsaPssSha512: return {Family::kRsaPss, "SHA2-512"};
    case SignatureScheme::kEd25519: return {Family::kEd25519, nullptr};
  }
  internal::CheckFailed(__FILE__, __LINE__, "a SignatureScheme outside its enumeration");
}

bool Fits(Family family, KeyKind kind) {
  switch (family) {
    case Family::kEcdsaDer:
    case Family::kEcdsaRaw: return FindCurve(kind) != nullptr;
    case Family::kRsaPkcs1:
    case Family::kRsaPss: return kind == KeyKind::kRsa;
    case Family::kEd25519: return kind == KeyKind::kEd25519;
  }
  return false;
}

Number ReadNumber(ByteView bytes) {
  Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  CLOISTER_CHECK(number != nullptr);
  return number;
}

// Null if the numbers are not a key of that type.
std::shared_ptr<EVP_PKEY> MakeKey(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const openssl::KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  CLOISTER_CHECK(parameters != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) return nullptr;
  return {key, EVP_PKEY_free};
}

Status CheckRsa(const RsaNumbers& numbers, const BIGNUM* modulus, const BIGNUM* exponent) {
  const auto minimal = [](ByteView number) { return !number.empty() && number[0] != 0; };
  if (!minimal(numbers.modulus) || !minimal(numbers.exponent)) {
    return VerificationFailed("RSA numbers must be written without leading zero bytes");
  }
  const int bits = BN_num_bits(modulus);
  if (bits < kRsaModulusBitsMin || bits > kRsaModulusBitsMax) {
    return VerificationFailed("an RSA modulus must have from " + std::to_string(kRsaModulusBitsMin) + " to " +
                              std::to_string(kRsaModulusBitsMax) + " bits");
  }
  if (!BN_is_odd(modulus) || !BN_is_odd(exponent) || BN_is_one(exponent) ||
      BN_num_bits(exponent) > kRsaExponentBitsMax) {
    return VerificationFailed("an RSA key must have an odd modulus and an odd exponent from 3 to 2^64");
  }
  if (HasRocaFingerprint(modulus)) {
    return VerificationFailed("the RSA key has the ROCA weakness (CVE-2017-15361)");
  }
  return {};
}

std::optional<Bytes> NumberOf(const EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return std::nullopt;
  const Number owner(number);
  const auto bytes = static_cast<std::size_t>(BN_num_bytes(number));
  Bytes out(size == 0 ? bytes : size);
  if (BN_bn2binpad(number, out.data(), static_cast<int>(out.size())) < 0) return std::nullopt;
  return out;
}

// What OpenSSL read, built again through the checks of our own constructors.
Result<VerifyingKey> Rebuild(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519")) {
    ByteArray<32> raw{};
    std::size_t size = raw.size();
    CLOISTER_CHECK(EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1);
    CLOISTER_ASSIGN(const Ed25519PublicKey point, Ed25519PublicKey::FromRaw(raw));
    return VerifyingKey::FromEd25519(point);
  }
  if (EVP_PKEY_is_a(key, "RSA")) {
    const auto modulus = NumberOf(key, OSSL_PKEY_PARAM_RSA_N, 0);
    const auto exponent = NumberOf(key, OSSL_PKEY_PARAM_RSA_E, 0);
    if (modulus && exponent) return VerifyingKey::FromRsa({.modulus = *modulus, .exponent = *exponent});
  }
  std::array<char, 32> name{};
  std::size_t size = 0;
  if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1) {
    for (const Curve& curve : kCurves) {
      if (OBJ_sn2nid(name.data()) != EC_curve_nist2nid(curve.group)) continue;
      const auto x = NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, curve.field_bytes);
      const auto y = NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve.field_bytes);
      if (x && y) return VerifyingKey::FromEcPoint(curve.kind, {.x = *x, .y = *y});
    }
  }
  return VerificationFailed("a public key of a kind that is not used here");
}

// r and s side by side, as OpenSSL wants them.
std::optional<Bytes> DerFromRaw(ByteView signature, std::size_t number_bytes) {
  if (signature.size() != 2 * number_bytes) return std::nullopt;
  const EcdsaPair pair(ECDSA_SIG_new());
  CLOISTER_CHECK(pair != nullptr);
  CLOISTER_CHECK(ECDSA_SIG_set0(pair.get(), ReadNumber(signature.first(number_bytes)).release(),
                                ReadNumber(signature.last(number_bytes)).release()) == 1);
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  CLOISTER_CHECK(size > 0);
  Bytes der(static_cast<std::size_t>(size));
  std::uint8_t* end = der.data();
  CLOISTER_CHECK(i2d_ECDSA_SIG(pair.get(), &end) == size);
  return der;
}

bool UsePss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

VerifyingKey::VerifyingKey(KeyKind kind, std::shared_ptr<evp_pkey_st> key)
    : kind_(kind), key_(std::move(key)) {
  const int size = i2d_PUBKEY(key_.get(), nullptr);
  CLOISTER_CHECK(size > 0);
  spki_.resize(static_cast<std::size_t>(size));
  std::uint8_t* end = spki_.data();
  CLOISTER_CHECK(i2d_PUBKEY(key_.get(), &end) == size);
}

Result<VerifyingKey> VerifyingKey::FromSpki(ByteView der) {
  if (der.size() > kSpkiBytesMax) return VerificationFailed("a public key that is too large");
  const openssl::QuietErrors quiet;
  const std::uint8_t* next = der.data();
  const openssl::Key read(d2i_PUBKEY_ex(nullptr, &next, static_cast<long>(der.size()), nullptr, nullptr));
  if (read == nullptr) return VerificationFailed("a malformed public key");
  CLOISTER_ASSIGN(VerifyingKey key, Rebuild(read.get()));
  // One form only: no trailing bytes, BER, compressed points or spelled-out curve parameters.
  if (!std::equal(der.begin(), der.end(), key.spki_.begin(), key.spki_.end())) {
    return VerificationFailed("a public key that is not in its canonical encoding");
  }
  return key;
}

Result<VerifyingKey> VerifyingKey::FromEcPoint(KeyKind kind, const EcPoint& point) {
  const Curve* curve = FindCurve(kind);
  CLOISTER_CHECK(curve != nullptr);
  if (point.x.size() != curve->field_bytes || point.y.size() != curve->field_bytes) {
    return VerificationFailed("coordinates that are not as long as the curve's field");
  }
  Bytes encoded = {0x04};  // SEC 1 section 2.3.3, uncompressed
  Append(encoded, point.x);
  Append(encoded, point.y);
  const openssl::QuietErrors quiet;
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  CLOISTER_CHECK(builder != nullptr);
  CLOISTER_CHECK(
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) == 1);
  CLOISTER_CHECK(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, encoded.data(),
                                                  encoded.size()) == 1);
  std::shared_ptr<EVP_PKEY> key = MakeKey("EC", builder.get());
  if (key == nullptr) return VerificationFailed("a public key that is no point of its curve");
  return VerifyingKey(kind, std::move(key));
}

Result<VerifyingKey> VerifyingKey::FromRsa(const RsaNumbers& numbers) {
  if (numbers.modulus.size() > kSpkiBytesMax || numbers.exponent.size() > kSpkiBytesMax) {
    return VerificationFailed("a public key that is too large");
  }
  const openssl::QuietErrors quiet;
  const Number modulus = ReadNumber(numbers.modulus);
  const Number exponent = ReadNumber(numbers.exponent);
  CLOISTER_TRY(CheckRsa(numbers, modulus.get(), exponent.get()));
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  CLOISTER_CHECK(builder != nullptr);
  CLOISTER_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1);
  CLOISTER_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1);
  std::shared_ptr<EVP_PKEY> key = MakeKey("RSA", builder.get());
  if (key == nullptr) return VerificationFailed("numbers that are no RSA key");
  return VerifyingKey(KeyKind::kRsa, std::move(key));
}

VerifyingKey VerifyingKey::FromEd25519(const Ed25519PublicKey& key) {
  std::shared_ptr<EVP_PKEY> owner(
      EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, key.raw().data(), key.raw().size()),
      EVP_PKEY_free);
  CLOISTER_CHECK(owner != nullptr);
  return VerifyingKey(KeyKind::kEd25519, std::move(owner));
}

Status VerifyingKey::Verify(SignatureScheme scheme, ByteView message, ByteView signature) const {
  const SchemeParts parts = PartsOf(scheme);
  if (!Fits(parts.family, kind_)) return VerificationFailed("a signature scheme for another kind of key");
  const Error wrong = VerificationFailed("the signature does not fit");
  const openssl::QuietErrors quiet;
  std::optional<Bytes> der;
  if (parts.family == Family::kEcdsaRaw) {
    der = DerFromRaw(signature, FindCurve(kind_)->field_bytes);
    if (!der) return wrong;
    signature = *der;
  }
  const openssl::DigestContext context(EVP_MD_CTX_new());
  CLOISTER_CHECK(context != nullptr);
  EVP_PKEY_CTX* key_context = nullptr;  // belongs to `context`
  CLOISTER_CHECK(EVP_DigestVerifyInit_ex(context.get(), &key_context, parts.digest, nullptr, nullptr,
                                         key_.get(), nullptr) == 1);
  if (parts.family == Family::kRsaPss) CLOISTER_CHECK(UsePss(key_context));
  // OpenSSL refuses an ECDSA signature that is not DER and numbers outside 1 .. n-1 by itself; the wycheproof
  // vectors hold it to that.
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) !=
      1) {
    return wrong;
  }
  return {};
}

}  // namespace cloister::crypto
