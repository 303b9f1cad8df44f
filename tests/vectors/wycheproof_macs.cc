// MACs, key derivation and primality.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "vectors/library_crypto.h"
#include "vectors/wycheproof.h"

namespace cloister::vectors {
namespace {

using crypto::openssl::Freeing;

// "HMACSHA256" is HMAC with "SHA2-256"; "HMACSHA3-256" with "SHA3-256"; "HMACSHA512/256" with "SHA2-512/256".
std::string HmacDigest(std::string_view algorithm) {
  const std::string rest(algorithm.substr(4));
  if (rest == "SHA1" || rest.starts_with("SHA3-") || rest == "SM3") return rest;
  return "SHA2-" + rest.substr(3);
}

// By OpenSSL's name of the MAC, with one text parameter.
Bytes LibraryMac(const char* mac, const char* parameter, std::string value, const WycheproofTest& test) {
  const std::unique_ptr<EVP_MAC, Freeing<EVP_MAC_free>> algorithm(EVP_MAC_fetch(nullptr, mac, nullptr));
  const crypto::openssl::MacContext context(EVP_MAC_CTX_new(algorithm.get()));
  const Bytes key = Hex(test.test, "key"), message = Hex(test.test, "msg");
  Bytes iv = test.type == "MacWithIvTest" ? Hex(test.test, "iv") : Bytes();
  std::size_t tag_bytes = static_cast<std::size_t>(Integer(test.group, "tagSize")) / 8;
  std::vector<OSSL_PARAM> parameters;
  if (parameter != nullptr) {
    parameters.push_back(OSSL_PARAM_construct_utf8_string(parameter, value.data(), 0));
  }
  if (!iv.empty()) {
    parameters.push_back(OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, iv.data(), iv.size()));
  }
  const bool sized = std::string_view(mac).starts_with("KMAC");
  if (sized) parameters.push_back(OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &tag_bytes));
  parameters.push_back(OSSL_PARAM_construct_end());
  Bytes tag(64);
  std::size_t size = 0;
  // A key or nonce of a size that the MAC does not know gives no tag at all.
  if (EVP_MAC_init(context.get(), key.data(), key.size(), parameters.data()) != 1 ||
      EVP_MAC_update(context.get(), message.data(), message.size()) != 1 ||
      EVP_MAC_final(context.get(), tag.data(), &size, sized ? tag_bytes : tag.size()) != 1) {
    return {};
  }
  tag.resize(size);
  return tag;
}

std::string CipherWithKey(const char* name, const WycheproofTest& test, const char* mode) {
  return std::string(name) + "-" + std::to_string(Hex(test.test, "key").size() * 8) + mode;
}

Bytes ComputeMac(const WycheproofTest& test) {
  const std::string& algorithm = test.algorithm;
  if (algorithm == "HMACSHA256") {
    return ToBytes(ByteView(crypto::HmacSha256(Hex(test.test, "key"), Hex(test.test, "msg"))));
  }
  if (algorithm.starts_with("HMAC")) {
    return LibraryHmac(HmacDigest(algorithm), Hex(test.test, "key"), Hex(test.test, "msg"));
  }
  if (algorithm == "AES-CMAC") {
    return LibraryMac("CMAC", OSSL_MAC_PARAM_CIPHER, CipherWithKey("AES", test, "-CBC"), test);
  }
  if (algorithm == "ARIA-CMAC") {
    return LibraryMac("CMAC", OSSL_MAC_PARAM_CIPHER, CipherWithKey("ARIA", test, "-CBC"), test);
  }
  if (algorithm == "CAMELLIA-CMAC") {
    return LibraryMac("CMAC", OSSL_MAC_PARAM_CIPHER, CipherWithKey("CAMELLIA", test, "-CBC"), test);
  }
  if (algorithm == "AES-GMAC") {
    return LibraryMac("GMAC", OSSL_MAC_PARAM_CIPHER, CipherWithKey("AES", test, "-GCM"), test);
  }
  if (algorithm == "KMAC128" || algorithm == "KMAC256") {
    return LibraryMac(algorithm.c_str(), nullptr, "", test);
  }
  throw VectorError("no rule for the MAC " + algorithm);
}

Answer CheckTag(const WycheproofTest& test) {
  Bytes mac = ComputeMac(test);
  const std::size_t tag_bytes = static_cast<std::size_t>(Integer(test.group, "tagSize")) / 8;
  const Bytes tag = Hex(test.test, "tag");
  if (mac.size() < tag_bytes || tag_bytes == 0) return Answer::kRefused;
  mac.resize(tag_bytes);
  return AcceptedIf(crypto::EqualInConstantTime(mac, tag));
}

// RFC 5869 with another hash than the product's.
Bytes LibraryHkdf(const std::string& digest, const WycheproofTest& test, std::size_t size) {
  Bytes output;
  const Bytes prk = LibraryHmac(digest, Hex(test.test, "salt"), Hex(test.test, "ikm")),
              info = Hex(test.test, "info");
  Bytes block;
  for (std::uint8_t n = 1; output.size() < size; ++n) {
    Append(block, info);
    block.push_back(n);
    block = LibraryHmac(digest, prk, block);
    Append(output, block);
  }
  output.resize(size);
  return output;
}

Answer CheckHkdf(const WycheproofTest& test) {
  if (!test.algorithm.starts_with("HKDF-")) throw VectorError("no rule for the KDF " + test.algorithm);
  const std::string digest = DigestName(std::string_view(test.algorithm).substr(5));
  const std::uint64_t size = Unsigned(test.test, "size");
  if (size > 255 * DigestBytes(digest)) return Answer::kRefused;  // our function's contract
  const Bytes expected = Hex(test.test, "okm");
  if (digest != "SHA2-256") return AcceptedIf(LibraryHkdf(digest, test, size) == expected);
  const SecretBytes output =
      crypto::HkdfSha256(Hex(test.test, "ikm"), Hex(test.test, "salt"), Hex(test.test, "info"), size);
  return AcceptedIf(ToBytes(output.view()) == expected);
}

Answer CheckPbkdf2(const WycheproofTest& test) {
  if (!test.algorithm.starts_with("PBKDF2-HMACSHA")) {
    throw VectorError("no rule for the KDF " + test.algorithm);
  }
  const std::string digest = HmacDigest(std::string_view(test.algorithm).substr(7));
  return AcceptedIf(LibraryPbkdf2({.digest = digest,
                                   .password = Hex(test.test, "password"),
                                   .salt = Hex(test.test, "salt"),
                                   .iterations = Unsigned(test.test, "iterationCount"),
                                   .size = Unsigned(test.test, "dkLen")}) == Hex(test.test, "dk"));
}

// A BigInt there is two's complement: a first digit from 8 up is a negative number, and no prime.
Answer CheckPrimality(const WycheproofTest& test) {
  const Bytes value = Hex(test.test, "value");
  if (value.empty() || value[0] >= 0x80) return Answer::kRefused;
  const std::unique_ptr<BIGNUM, Freeing<BN_free>> number(
      BN_bin2bn(value.data(), static_cast<int>(value.size()), nullptr));
  return AcceptedIf(BN_check_prime(number.get(), nullptr, nullptr) == 1);
}

}  // namespace

bool KnowsMacType(std::string_view type) {
  return type == "MacTest" || type == "MacWithIvTest" || type == "HkdfTest" || type == "PbkdfTest" ||
         type == "PrimalityTest";
}

Answer CheckMac(const WycheproofTest& test) {
  if (test.type == "HkdfTest") return CheckHkdf(test);
  if (test.type == "PbkdfTest") return CheckPbkdf2(test);
  if (test.type == "PrimalityTest") return CheckPrimality(test);
  return CheckTag(test);
}

}  // namespace cloister::vectors
