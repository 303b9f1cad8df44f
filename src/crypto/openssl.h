#pragma once

// What the files of this room share about OpenSSL: owners for its objects, algorithms fetched once, and an
// error queue that stays empty. Room-private: no other room includes it; tests/vectors does, which asks
// OpenSSL directly.

#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "base/check.h"

namespace cloister::crypto::openssl {

template <auto Free>
struct Freeing {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freeing<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freeing<EVP_CIPHER_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freeing<EVP_MAC_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freeing<EVP_PKEY_CTX_free>>;

// Fetching by name walks OpenSSL's providers under a lock, which costs more than hashing a Merkle node; each
// algorithm is therefore fetched once and kept until the process ends.
inline EVP_MD* FetchDigest(const char* name) {
  EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
  CLOISTER_CHECK(digest != nullptr);
  return digest;
}
inline EVP_MD* Sha256Algorithm() {
  static EVP_MD* const digest = FetchDigest("SHA2-256");
  return digest;
}

// A failed call leaves entries in the thread's error queue, and TLS would later read them as its own.
// Functions whose failure is an answer (a signature that does not fit) hold one of these.
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
};

}  // namespace cloister::crypto::openssl
