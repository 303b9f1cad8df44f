// RSA with the private key: decryption, and PKCS #1 v1.5 signatures, which have one right value.
#include "vectors/library_crypto.h"
#include "vectors/wycheproof.h"

namespace cloister::vectors {
namespace {

crypto::openssl::Key PrivateKey(const JsonObject& group) {
  auto key = PrivateKeyFromDer(Hex(group, "privateKeyPkcs8"));
  if (key == nullptr) throw VectorError("OpenSSL does not read the private key");
  return key;
}

Answer CheckDecrypt(const WycheproofTest& test) {
  const auto key = PrivateKey(test.group);
  const bool oaep = test.type == "RsaesOaepDecrypt";
  if (oaep && Text(test.group, "mgf") != "MGF1") {
    throw VectorError("no rule for mgf " + Text(test.group, "mgf"));
  }
  const Bytes label = oaep ? Hex(test.test, "label") : Bytes();
  const MaybeBytes opened =
      LibraryRsaDecrypt({.key = key.get(),
                         .digest = oaep ? DigestName(Text(test.group, "sha")) : "",
                         .mask_digest = oaep ? DigestName(Text(test.group, "mgfSha")) : "",
                         .label = label},
                        Hex(test.test, "ct"));
  if (!opened) return Answer::kRefused;
  if (*opened == Hex(test.test, "msg")) return Answer::kAccepted;
  // OpenSSL answers wrong PKCS #1 v1.5 padding with random bytes, so that nobody can tell it from another key
  // (implicit rejection): a refusal in effect.
  return oaep ? Answer::kWrong : Answer::kRefused;
}

Answer CheckGenerate(const WycheproofTest& test) {
  const auto key = PrivateKey(test.group);
  const std::string digest = DigestName(Text(test.group, "sha"));
  const crypto::openssl::DigestContext context(EVP_MD_CTX_new());
  if (EVP_DigestSignInit_ex(context.get(), nullptr, digest.c_str(), nullptr, nullptr, key.get(), nullptr) !=
      1) {
    throw VectorError("OpenSSL does not sign with " + digest);
  }
  const Bytes message = Hex(test.test, "msg");
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())));
  std::size_t size = signature.size();
  if (EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    return Answer::kRefused;
  }
  signature.resize(size);
  return AcceptedIf(signature == Hex(test.test, "sig"));
}

}  // namespace

bool KnowsRsaType(std::string_view type) {
  return type == "RsaesOaepDecrypt" || type == "RsaesPkcs1Decrypt" || type == "RsassaPkcs1Generate";
}

Answer CheckRsa(const WycheproofTest& test) {
  return test.type == "RsassaPkcs1Generate" ? CheckGenerate(test) : CheckDecrypt(test);
}

}  // namespace cloister::vectors
