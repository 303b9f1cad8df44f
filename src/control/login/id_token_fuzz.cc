// Whatever an issuer signs, an identity comes of it only with our client, this login's nonce and a verified address.
#include "base/check.h"
#include "codec/text.h"
#include "control/login/id_token.h"
#include "crypto/token_signer_for_test.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  static const crypto::TokenSignerForTest signer = crypto::TokenSignerForTest::P256();
  static const std::vector<crypto::Jwk> keys = {crypto::Jwk::FromJson(signer.Jwk("k")).value()};
  const auto token = crypto::VerifyToken(signer.Sign(R"({"alg":"ES256","kid":"k"})", AsText({data, size})), keys);
  if (!token) return 0;
  const auto identity =
      control::ReadIdentity(*token, {.issuer = std::string(control::kGoogleIssuer), .client_id = "client"},
                            {.nonce = "nonce", .access_token = "access", .now = {1'764'000'000'000}});
  if (!identity) return 0;
  const codec::JsonObject& claims = token->payload();
  CLOISTER_CHECK(claims.at("nonce") == "nonce" && claims.at("email_verified") == true);
  CLOISTER_CHECK(codec::WriteJson(claims.at("aud")).find("\"client\"") != std::string::npos);
  CLOISTER_CHECK(!identity->subject.empty());
  return 0;
}
