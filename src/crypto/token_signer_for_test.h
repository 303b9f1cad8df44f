#pragma once

// An issuer's signing key for tests: our own code signs with Ed25519 alone, and must verify what others sign with RSA
// and ECDSA. Header and payload are texts, so that a test can sign what no JSON writer would write.

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <string>
#include <string_view>

#include "codec/json.h"
#include "codec/text.h"
#include "crypto/openssl.h"

namespace cloister::crypto {

class TokenSignerForTest {
 public:
  static TokenSignerForTest Rsa() { return TokenSignerForTest(EVP_RSA_gen(2048), "RS256"); }
  static TokenSignerForTest P256() { return TokenSignerForTest(EVP_EC_gen("P-256"), "ES256"); }

  const std::string& alg() const { return alg_; }
  // As the issuer publishes it.
  codec::JsonObject Jwk(std::string_view kid) const {
    codec::JsonObject jwk{{"kid", kid}, {"use", "sig"}, {"alg", alg_}};
    if (alg_ == "RS256") {
      jwk["kty"] = "RSA";
      jwk["n"] = Number(OSSL_PKEY_PARAM_RSA_N, 0);
      jwk["e"] = Number(OSSL_PKEY_PARAM_RSA_E, 0);
    } else {
      jwk["kty"] = "EC";
      jwk["crv"] = "P-256";
      jwk["x"] = Number(OSSL_PKEY_PARAM_EC_PUB_X, 32);
      jwk["y"] = Number(OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    }
    return jwk;
  }
  std::string Sign(std::string_view header, std::string_view payload) const {
    const std::string input = codec::Base64UrlEncode(AsBytes(header)) + "." + codec::Base64UrlEncode(AsBytes(payload));
    return input + "." + codec::Base64UrlEncode(Signature(input));
  }
  // With the header that a real issuer writes.
  std::string SignClaims(std::string_view kid, const codec::JsonObject& claims) const {
    return Sign(codec::WriteJson(codec::JsonObject{{"alg", alg_}, {"kid", kid}, {"typ", "JWT"}}),
                codec::WriteJson(claims));
  }

 private:
  TokenSignerForTest(EVP_PKEY* key, std::string alg) : key_(key), alg_(std::move(alg)) {
    CLOISTER_CHECK(key != nullptr);
  }

  // `size` 0: as short as it is.
  std::string Number(const char* name, int size) const {
    BIGNUM* number = nullptr;
    CLOISTER_CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1);
    Bytes bytes(static_cast<std::size_t>(size > 0 ? size : BN_num_bytes(number)));
    CLOISTER_CHECK(BN_bn2binpad(number, bytes.data(), static_cast<int>(bytes.size())) > 0);
    BN_free(number);
    return codec::Base64UrlEncode(bytes);
  }

  Bytes Signature(std::string_view input) const {
    const openssl::DigestContext context(EVP_MD_CTX_new());
    const auto* data = reinterpret_cast<const unsigned char*>(input.data());
    std::size_t size = 0;
    CLOISTER_CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
    CLOISTER_CHECK(EVP_DigestSign(context.get(), nullptr, &size, data, input.size()) == 1);
    Bytes signature(size);
    CLOISTER_CHECK(EVP_DigestSign(context.get(), signature.data(), &size, data, input.size()) == 1);
    signature.resize(size);
    return alg_ == "RS256" ? signature : SideBySide(signature);
  }

  // RFC 7518 section 3.4: r and s, 32 bytes each, where OpenSSL writes DER.
  static Bytes SideBySide(const Bytes& der) {
    const unsigned char* at = der.data();
    ECDSA_SIG* parsed = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    CLOISTER_CHECK(parsed != nullptr);
    Bytes raw(64);
    CLOISTER_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(parsed), raw.data(), 32) == 32);
    CLOISTER_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(parsed), raw.data() + 32, 32) == 32);
    ECDSA_SIG_free(parsed);
    return raw;
  }

  openssl::Key key_;
  std::string alg_;
};

}  // namespace cloister::crypto
