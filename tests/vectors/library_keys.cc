// Keys out of their numbers, and what OpenSSL does with them.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "codec/text.h"
#include "vectors/library_crypto.h"

namespace cloister::vectors {
namespace {

using crypto::openssl::Freeing;
using crypto::openssl::Key;
using Number = std::unique_ptr<BIGNUM, Freeing<BN_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freeing<OSSL_PARAM_free>>;

// Collects parameters. OpenSSL's builder only refers to what it is given, so texts and numbers are kept here.
class KeyBuilder {
 public:
  void AddText(const char* name, std::string value) {
    texts_.push_back(std::make_unique<std::string>(std::move(value)));
    OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, texts_.back()->c_str(), 0);
  }
  // `value` must outlive the builder.
  void AddOctets(const char* name, ByteView value) {
    OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, value.data(), value.size());
  }
  void AddNumber(const char* name, ByteView value) {
    if (value.empty()) return;
    numbers_.emplace_back(BN_bin2bn(value.data(), static_cast<int>(value.size()), nullptr));
    OSSL_PARAM_BLD_push_BN(builder_.get(), name, numbers_.back().get());
  }
  Key Make(const char* type, bool is_private) {
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder_.get()));
    const crypto::openssl::KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                          parameters.get()) != 1) {
      return nullptr;
    }
    return Key(key);
  }

 private:
  std::unique_ptr<OSSL_PARAM_BLD, Freeing<OSSL_PARAM_BLD_free>> builder_{OSSL_PARAM_BLD_new()};
  std::vector<Number> numbers_;
  std::vector<std::unique_ptr<std::string>> texts_;
};

// A member that is no base64url makes no key; an absent one is empty.
MaybeBytes JwkNumber(const JsonObject& jwk, std::string_view name) {
  if (!jwk.contains(name)) return Bytes();
  Result<Bytes> bytes = codec::Base64UrlDecode(Text(jwk, name));
  if (!bytes) return std::nullopt;
  return std::move(bytes).value();
}

Key EcKeyFromJwk(const JsonObject& jwk) {
  const std::string curve = Text(jwk, "crv");
  const auto x = JwkNumber(jwk, "x"), y = JwkNumber(jwk, "y"), d = JwkNumber(jwk, "d");
  const std::size_t field = curve == "P-256" || curve == "secp256k1" || curve == "P-256K" ? 32
                            : curve == "P-384"                                            ? 48
                            : curve == "P-521"                                            ? 66
                                                                                          : 0;
  if (field == 0) throw VectorError("no rule for JWK curve " + curve);
  if (!x || !y || !d || x->size() != field || y->size() != field) return nullptr;
  Bytes point = {0x04};
  Append(point, *x);
  Append(point, *y);
  return EcKey({.curve = curve, .point = point, .scalar = *d});
}

Key OkpKeyFromJwk(const JsonObject& jwk) {
  const std::string curve = Text(jwk, "crv");
  const auto x = JwkNumber(jwk, "x"), d = JwkNumber(jwk, "d");
  if (!x || !d) return nullptr;
  const char* type = curve == "X25519"    ? "X25519"
                     : curve == "X448"    ? "X448"
                     : curve == "Ed25519" ? "ED25519"
                     : curve == "Ed448"   ? "ED448"
                                          : nullptr;
  if (type == nullptr) throw VectorError("no rule for JWK curve " + curve);
  return d->empty() ? RawPublicKey(type, *x) : RawPrivateKey(type, *d);
}

}  // namespace

Key EcKey(const EcNumbers& numbers) {
  KeyBuilder builder;
  const std::string& curve = numbers.curve;
  builder.AddText(OSSL_PKEY_PARAM_GROUP_NAME, curve == "secp256r1" ? "P-256"
                                              : curve == "P-256K"  ? "secp256k1"
                                                                   : curve);
  if (!numbers.point.empty()) builder.AddOctets(OSSL_PKEY_PARAM_PUB_KEY, numbers.point);
  builder.AddNumber(OSSL_PKEY_PARAM_PRIV_KEY, numbers.scalar);
  return builder.Make("EC", !numbers.scalar.empty());
}

Key RawPublicKey(const char* type, ByteView raw) {
  return Key(EVP_PKEY_new_raw_public_key_ex(nullptr, type, nullptr, raw.data(), raw.size()));
}
Key RawPrivateKey(const char* type, ByteView raw) {
  return Key(EVP_PKEY_new_raw_private_key_ex(nullptr, type, nullptr, raw.data(), raw.size()));
}

Key RsaKey(const RsaKeyNumbers& numbers) {
  KeyBuilder builder;
  builder.AddNumber(OSSL_PKEY_PARAM_RSA_N, numbers.n);
  builder.AddNumber(OSSL_PKEY_PARAM_RSA_E, numbers.e);
  builder.AddNumber(OSSL_PKEY_PARAM_RSA_D, numbers.d);
  builder.AddNumber(OSSL_PKEY_PARAM_RSA_FACTOR1, numbers.p);
  builder.AddNumber(OSSL_PKEY_PARAM_RSA_FACTOR2, numbers.q);
  builder.AddNumber(OSSL_PKEY_PARAM_RSA_EXPONENT1, numbers.dp);
  builder.AddNumber(OSSL_PKEY_PARAM_RSA_EXPONENT2, numbers.dq);
  builder.AddNumber(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, numbers.qi);
  return builder.Make("RSA", !numbers.d.empty());
}

Key KeyFromJwk(const JsonObject& jwk) {
  const std::string kty = Text(jwk, "kty");
  if (kty == "EC") return EcKeyFromJwk(jwk);
  if (kty == "OKP") return OkpKeyFromJwk(jwk);
  if (kty != "RSA") throw VectorError("no rule for JWK kty " + kty);
  const char* const names[] = {"n", "e", "d", "p", "q", "dp", "dq", "qi"};
  std::vector<Bytes> numbers;
  for (const char* name : names) {
    const MaybeBytes number = JwkNumber(jwk, name);
    if (!number) return nullptr;
    numbers.push_back(*number);
  }
  return RsaKey({.n = numbers[0],
                 .e = numbers[1],
                 .d = numbers[2],
                 .p = numbers[3],
                 .q = numbers[4],
                 .dp = numbers[5],
                 .dq = numbers[6],
                 .qi = numbers[7]});
}

MaybeBytes EcdsaDer(ByteView side_by_side, std::size_t number_bytes) {
  if (side_by_side.size() != 2 * number_bytes) return std::nullopt;
  const std::unique_ptr<ECDSA_SIG, Freeing<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  const int size = static_cast<int>(number_bytes);
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(side_by_side.data(), size, nullptr),
                 BN_bin2bn(side_by_side.data() + number_bytes, size, nullptr));
  Bytes der(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)));
  std::uint8_t* end = der.data();
  i2d_ECDSA_SIG(pair.get(), &end);
  return der;
}

bool LibraryVerify(const SignatureCheck& check, ByteView message, ByteView signature) {
  const crypto::openssl::DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  const char* digest = check.digest.empty() ? nullptr : check.digest.c_str();
  if (EVP_DigestVerifyInit_ex(context.get(), &parameters, digest, nullptr, nullptr, check.key, nullptr) !=
      1) {
    throw VectorError("OpenSSL does not verify with digest " + check.digest);
  }
  if (!check.mask_digest.empty() &&
      (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, check.mask_digest.c_str(), nullptr) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, check.salt_bytes) != 1)) {
    throw VectorError("OpenSSL does not take these PSS parameters");
  }
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

MaybeBytes LibraryRsaDecrypt(const RsaDecryption& how, ByteView ciphertext) {
  const crypto::openssl::KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, how.key, nullptr));
  if (context == nullptr || EVP_PKEY_decrypt_init(context.get()) != 1) return std::nullopt;
  const bool oaep = !how.digest.empty();
  if (EVP_PKEY_CTX_set_rsa_padding(context.get(), oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) != 1) {
    return std::nullopt;
  }
  if (oaep) {
    std::uint8_t* label = static_cast<std::uint8_t*>(OPENSSL_memdup(how.label.data(), how.label.size()));
    if (EVP_PKEY_CTX_set_rsa_oaep_md_name(context.get(), how.digest.c_str(), nullptr) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md_name(context.get(), how.mask_digest.c_str(), nullptr) != 1 ||
        EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, static_cast<int>(how.label.size())) != 1) {
      throw VectorError("OpenSSL does not take these OAEP parameters");
    }
  }
  std::size_t size = 0;
  if (EVP_PKEY_decrypt(context.get(), nullptr, &size, ciphertext.data(), ciphertext.size()) != 1) {
    return std::nullopt;
  }
  Bytes plaintext(size);
  if (EVP_PKEY_decrypt(context.get(), plaintext.data(), &size, ciphertext.data(), ciphertext.size()) != 1) {
    return std::nullopt;
  }
  plaintext.resize(size);
  return plaintext;
}

}  // namespace cloister::vectors
