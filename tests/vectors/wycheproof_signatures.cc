// Signature verification: ECDSA, DSA, EdDSA, RSASSA-PKCS1-v1_5 and RSASSA-PSS.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "crypto/signature_verifier.h"
#include "vectors/library_crypto.h"
#include "vectors/wycheproof.h"

namespace cloister::vectors {
namespace {

using crypto::SignatureScheme;
using crypto::VerifyingKey;
using crypto::openssl::Freeing;
using Number = std::unique_ptr<BIGNUM, Freeing<BN_free>>;
using EcdsaPair = std::unique_ptr<ECDSA_SIG, Freeing<ECDSA_SIG_free>>;

// Index into a scheme family's three digests; absent for digests that the product does not verify with.
std::optional<int> ProductDigest(std::string_view sha) {
  if (sha == "SHA-256") return 0;
  if (sha == "SHA-384") return 1;
  if (sha == "SHA-512") return 2;
  return std::nullopt;
}

SignatureScheme Nth(SignatureScheme first, int index) {
  return static_cast<SignatureScheme>(static_cast<int>(first) + index);
}

Answer AskProduct(const WycheproofTest& test, SignatureScheme scheme) {
  const auto key = VerifyingKey::FromSpki(Hex(test.group, "publicKeyDer"));
  return AcceptedIf(key && key->Verify(scheme, Hex(test.test, "msg"), Hex(test.test, "sig")));
}

// FIPS 186-5 sections 6.4 and RFC 8692: with a SHAKE the hash is twice as long as its name says.
Bytes Hash(std::string_view sha, ByteView message) {
  const std::string name = DigestName(sha);
  const std::unique_ptr<EVP_MD, Freeing<EVP_MD_free>> digest(EVP_MD_fetch(nullptr, name.c_str(), nullptr));
  if (digest == nullptr) throw VectorError("no digest " + name);
  const crypto::openssl::DigestContext context(EVP_MD_CTX_new());
  const bool shake = name.starts_with("SHAKE");
  Bytes hash(shake ? (name == "SHAKE128" ? 32 : 64) : DigestBytes(name));
  if (EVP_DigestInit_ex2(context.get(), digest.get(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), message.data(), message.size()) != 1 ||
      (shake ? EVP_DigestFinalXOF(context.get(), hash.data(), hash.size())
             : EVP_DigestFinal_ex(context.get(), hash.data(), nullptr)) != 1) {
    throw VectorError("cannot hash with " + name);
  }
  return hash;
}

// Bytes of r and of s where they stand side by side.
std::size_t NumberBytes(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC")) return (static_cast<std::size_t>(EVP_PKEY_get_bits(key)) + 7) / 8;
  BIGNUM* order = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_Q, &order) != 1) {
    throw VectorError("a DSA key without q");
  }
  return static_cast<std::size_t>(BN_num_bytes(Number(order).get()));
}

bool IsCanonicalDer(ByteView der) {
  const std::uint8_t* next = der.data();
  const EcdsaPair pair(d2i_ECDSA_SIG(nullptr, &next, static_cast<long>(der.size())));
  if (pair == nullptr) return false;
  Bytes again(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)));
  std::uint8_t* end = again.data();
  i2d_ECDSA_SIG(pair.get(), &end);
  return std::equal(again.begin(), again.end(), der.begin(), der.end());
}

// Bitcoin's rule (BIP 62): of s and n - s the smaller one, so that nobody can write a second signature.
bool HasLowS(ByteView der, EVP_PKEY* key) {
  const std::uint8_t* next = der.data();
  const EcdsaPair pair(d2i_ECDSA_SIG(nullptr, &next, static_cast<long>(der.size())));
  BIGNUM* order = nullptr;
  if (pair == nullptr || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &order) != 1) return false;
  const Number half(order);
  BN_rshift1(half.get(), half.get());
  return BN_cmp(ECDSA_SIG_get0_s(pair.get()), half.get()) <= 0;
}

// ECDSA on other curves and digests, and DSA.
Answer AskLibraryDsa(const WycheproofTest& test) {
  const auto key = PublicKeyFromDer(Hex(test.group, "publicKeyDer"));
  if (key == nullptr) throw VectorError("OpenSSL has no such key");
  MaybeBytes signature = Hex(test.test, "sig");
  if (test.type.ends_with("P1363Verify")) signature = EcdsaDer(*signature, NumberBytes(key.get()));
  if (!signature || !IsCanonicalDer(*signature)) return Answer::kRefused;
  if (test.type == "EcdsaBitcoinVerify" && !HasLowS(*signature, key.get())) return Answer::kRefused;
  const Bytes hash = Hash(Text(test.group, "sha"), Hex(test.test, "msg"));
  const crypto::openssl::KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  return AcceptedIf(
      EVP_PKEY_verify_init(context.get()) == 1 &&
      EVP_PKEY_verify(context.get(), signature->data(), signature->size(), hash.data(), hash.size()) == 1);
}

Answer CheckEcdsa(const WycheproofTest& test) {
  const std::string curve = Text(Object(test.group, "publicKey"), "curve");
  const auto digest = ProductDigest(Text(test.group, "sha"));
  const bool ours = digest && (curve == "secp256r1" || curve == "secp384r1" || curve == "secp521r1");
  if (!ours) return AskLibraryDsa(test);
  const bool raw = test.type == "EcdsaP1363Verify";
  return AskProduct(test,
                    Nth(raw ? SignatureScheme::kEcdsaSha256Raw : SignatureScheme::kEcdsaSha256Der, *digest));
}

Answer AskLibraryMessage(const WycheproofTest& test, const std::string& digest) {
  const auto key = PublicKeyFromDer(Hex(test.group, "publicKeyDer"));
  if (key == nullptr) return Answer::kRefused;
  SignatureCheck check{.key = key.get(), .digest = digest};
  if (test.type.starts_with("RsassaPss")) {
    if (Text(test.group, "mgf") != "MGF1") throw VectorError("no rule for mgf " + Text(test.group, "mgf"));
    check.mask_digest = DigestName(Text(test.group, "mgfSha"));
    check.salt_bytes = static_cast<int>(Integer(test.group, "sLen"));
  }
  return AcceptedIf(LibraryVerify(check, Hex(test.test, "msg"), Hex(test.test, "sig")));
}

Answer CheckEddsa(const WycheproofTest& test) {
  const JsonObject& key = Object(test.group, "publicKey");
  if (Text(key, "curve") != "edwards25519") return AskLibraryMessage(test, "");
  // Both ways in must agree: the raw key that we use for our own documents, and the SPKI of others.
  const auto raw = crypto::Ed25519PublicKey::FromRaw(Hex(key, "pk"));
  const Answer answer = AcceptedIf(raw && raw->Verify(Hex(test.test, "msg"), Hex(test.test, "sig")));
  return AskProduct(test, SignatureScheme::kEd25519) == answer ? answer : Answer::kWrong;
}

// The files judge the algorithm. A key that our policy refuses for its size or exponent is the library's to
// try.
Answer CheckRsaSignature(const WycheproofTest& test) {
  const std::string sha = Text(test.group, "sha");
  const auto digest = ProductDigest(sha);
  const bool pss = test.type == "RsassaPssVerify";
  const bool salt_is_ours =
      !pss || (Text(test.group, "mgf") == "MGF1" && Text(test.group, "mgfSha") == sha &&
               Integer(test.group, "sLen") == static_cast<std::int64_t>(DigestBytes(DigestName(sha))));
  if (test.type == "RsassaPssWithParametersVerify" || !digest || !salt_is_ours ||
      !VerifyingKey::FromSpki(Hex(test.group, "publicKeyDer"))) {
    return AskLibraryMessage(test, DigestName(sha));
  }
  return AskProduct(test,
                    Nth(pss ? SignatureScheme::kRsaPssSha256 : SignatureScheme::kRsaPkcs1Sha256, *digest));
}

}  // namespace

bool KnowsSignatureType(std::string_view type) {
  return type == "EcdsaVerify" || type == "EcdsaP1363Verify" || type == "EcdsaBitcoinVerify" ||
         type == "DsaVerify" || type == "DsaP1363Verify" || type == "EddsaVerify" ||
         type == "RsassaPkcs1Verify" || type == "RsassaPssVerify" || type == "RsassaPssWithParametersVerify";
}

Answer CheckSignature(const WycheproofTest& test) {
  if (test.type == "EcdsaVerify" || test.type == "EcdsaP1363Verify") return CheckEcdsa(test);
  if (test.type == "EddsaVerify") return CheckEddsa(test);
  if (test.type.starts_with("Rsassa")) return CheckRsaSignature(test);
  return AskLibraryDsa(test);
}

}  // namespace cloister::vectors
