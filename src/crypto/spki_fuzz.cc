// A SubjectPublicKeyInfo that is taken is the one that the key writes, and no signature of zeroes fits it.
#include <algorithm>

#include "base/check.h"
#include "crypto/signature_verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const auto key = crypto::VerifyingKey::FromSpki({data, size});
  if (!key) return 0;
  CLOISTER_CHECK(std::equal(key->spki().begin(), key->spki().end(), data, data + size));
  for (int scheme = 0; scheme <= static_cast<int>(crypto::SignatureScheme::kEd25519); ++scheme) {
    CLOISTER_CHECK(!key->Verify(static_cast<crypto::SignatureScheme>(scheme), AsBytes("nobody"), Bytes(64)));
  }
  return 0;
}
