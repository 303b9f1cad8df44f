#include "control/login/token_answer.h"

#include <algorithm>
#include <array>

#include "codec/ascii.h"
#include "codec/json.h"
#include "control/login/picked.h"
#include "crypto/token.h"

namespace cloister::control {
namespace {

Error Unreadable() { return Unavailable("the issuer answered with something that is no token"); }

// RFC 6749 section 5.2; other words are not repeated.
constexpr std::array<std::string_view, 6> kRefusals = {"invalid_request",        "invalid_client",
                                                       "invalid_grant",          "unauthorized_client",
                                                       "unsupported_grant_type", "invalid_scope"};

Error Refused(const codec::Json& json) {
  const codec::Json* error = json.is_object() ? json.as_object().if_contains("error") : nullptr;
  const bool known = error != nullptr && error->is_string() && std::ranges::count(kRefusals, error->as_string()) > 0;
  return VerificationFailed("the issuer does not accept this login" +
                            (known ? " (" + std::string(error->as_string()) + ")" : std::string()) + "; begin again");
}

}  // namespace

Result<TokenAnswer> ReadTokenAnswer(const net::HttpAnswer& answer) {
  const auto json = codec::ParseJson(answer.body, {.bytes_max = kTokenAnswerBytesMax});
  if (answer.status >= 400 && answer.status < 500) return Refused(json ? *json : codec::Json());
  if (answer.status != 200 || !json || !json->is_object()) return Unreadable();
  const codec::Json picked = Picked(json->as_object(), {"id_token", "access_token", "token_type"});
  codec::ObjectReader in(picked, "");
  TokenAnswer read{.id_token = in.String("id_token", crypto::kTokenBytesMax),
                   .access_token = in.String("access_token", crypto::kTokenBytesMax)};
  const std::string type = in.String("token_type", 32);
  if (!in.Finish() || codec::LowerCase(type) != "bearer") return Unreadable();
  return read;
}

}  // namespace cloister::control
