#include "crypto/sha1.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace cloister::crypto {

ByteArray<20> Sha1(ByteView message) {
  ByteArray<20> digest{};
  std::size_t size = 0;
  const int done = EVP_Q_digest(nullptr, "SHA1", nullptr, message.data(), message.size(), digest.data(), &size);
  CLOISTER_CHECK(done == 1 && size == digest.size());
  return digest;
}

}  // namespace cloister::crypto
