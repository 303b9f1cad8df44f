// Whatever a token looks like, nothing is verified that the issuer's key did not sign; and what it signed is one JSON
// object, whose header named it.
#include "base/check.h"
#include "crypto/token.h"
#include "crypto/token_signer_for_test.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  static const crypto::TokenSignerForTest signer = crypto::TokenSignerForTest::P256();
  static const std::vector<crypto::Jwk> keys = {crypto::Jwk::FromJson(signer.Jwk("k")).value()};
  const std::string_view text = AsText({data, size});
  (void)crypto::PeekTokenKid(text).has_value();
  CLOISTER_CHECK(!crypto::VerifyToken(text, keys));
  // The same text as a header, and as a payload, under a right signature.
  const std::string strange = signer.Sign(text, "{}");
  if (crypto::VerifyToken(strange, keys)) CLOISTER_CHECK(crypto::PeekTokenKid(strange).value() == "k");
  const auto said = crypto::VerifyToken(signer.Sign(R"({"alg":"ES256","kid":"k"})", text), keys);
  const auto json = codec::ParseJson(text, {.bytes_max = crypto::kTokenBytesMax});
  if (said) CLOISTER_CHECK(json && json->as_object() == said->payload());
  return 0;
}
