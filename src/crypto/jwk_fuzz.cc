// A key that a JWK gives survives its own SPKI, and never verifies what nobody signed.
#include "base/check.h"
#include "crypto/jwk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const auto json = codec::ParseJson(AsText({data, size}));
  if (!json) return 0;
  (void)crypto::ParseJwkSet(*json).has_value();
  const auto jwk = crypto::Jwk::FromJson(*json);
  if (!jwk) return 0;
  const auto again = crypto::VerifyingKey::FromSpki(jwk->key().spki());
  CLOISTER_CHECK(again && again->spki() == jwk->key().spki() && again->kind() == jwk->key().kind());
  for (const char* alg : {"ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA", "none", "HS256"}) {
    CLOISTER_CHECK(!jwk->Verify(alg, AsBytes("nobody signed this"), Bytes(64)));
  }
  return 0;
}
