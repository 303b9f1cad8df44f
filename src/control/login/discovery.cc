#include "control/login/discovery.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "codec/json.h"
#include "control/login/picked.h"

namespace cloister::control {
namespace {

constexpr std::size_t kListItemsMax = 64;

Error NotUsable(std::string_view why) {
  return VerificationFailed("the issuer's description of itself cannot be used: " + std::string(why));
}

bool Has(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

struct Lists {
  std::vector<std::string> responses, algorithms;
  std::optional<std::vector<std::string>> challenges, proofs;  // absent: see where they are read
};

std::optional<std::vector<std::string>> OptionalStrings(codec::ObjectReader& in, std::string_view name) {
  if (!in.Has(name)) return std::nullopt;
  return in.Strings(name, kListItemsMax);
}

Result<ClientProof> CheckLists(const Lists& lists) {
  if (!Has(lists.responses, "code")) return NotUsable("it knows no response_type code");
  if (!Has(lists.algorithms, "RS256") && !Has(lists.algorithms, "ES256")) {
    return NotUsable("it signs neither with RS256 nor with ES256");
  }
  // Absent, it says nothing about PKCE (RFC 8414 section 2): the verifier is sent all the same, and the nonce binds the
  // code to this login whether or not the issuer looks at it (RFC 9700 section 2.1.1).
  if (lists.challenges && !Has(*lists.challenges, "S256")) return NotUsable("it knows PKCE without S256");
  // Absent, it means client_secret_basic (OpenID Connect Discovery 1.0 section 3).
  if (!lists.proofs || Has(*lists.proofs, "client_secret_basic")) return ClientProof::kBasic;
  if (Has(*lists.proofs, "client_secret_post")) return ClientProof::kPost;
  return NotUsable("it takes no client secret");
}

Result<Endpoint> ReadEndpoint(std::string_view url, const Endpoint& issuer) {
  const auto endpoint = Endpoint::Parse(url);
  if (!endpoint || endpoint->target.empty()) return NotUsable("one of its addresses is malformed");
  if (issuer.secure() && !endpoint->secure()) return NotUsable("one of its addresses is without TLS");
  return *endpoint;
}

}  // namespace

Result<Discovery> ReadDiscovery(std::string_view text, const Endpoint& issuer) {
  const auto json = codec::ParseJson(text, {.bytes_max = kDiscoveryBytesMax});
  if (!json || !json->is_object()) return NotUsable("it is no JSON object");
  const codec::Json picked = Picked(
      json->as_object(), {"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
                          "id_token_signing_alg_values_supported", "code_challenge_methods_supported",
                          "token_endpoint_auth_methods_supported", "authorization_response_iss_parameter_supported"});
  codec::ObjectReader in(picked, "");
  const std::string name = in.String("issuer", kEndpointCharsMax);
  const std::string authorization = in.String("authorization_endpoint", kEndpointCharsMax);
  const std::string token = in.String("token_endpoint", kEndpointCharsMax);
  const std::string keys = in.String("jwks_uri", kEndpointCharsMax);
  const Lists lists{.responses = in.Strings("response_types_supported", kListItemsMax),
                    .algorithms = in.Strings("id_token_signing_alg_values_supported", kListItemsMax),
                    .challenges = OptionalStrings(in, "code_challenge_methods_supported"),
                    .proofs = OptionalStrings(in, "token_endpoint_auth_methods_supported")};
  const bool names = in.OptionalBool("authorization_response_iss_parameter_supported").value_or(false);
  if (const Status read = in.Finish(); !read) return NotUsable(read.error().public_message);
  // Mix-up of issuers begins with a document that is another's (RFC 8414 section 3.3).
  if (name != issuer.url()) return NotUsable("it is another issuer's");
  CLOISTER_ASSIGN(const ClientProof proof, CheckLists(lists));
  CLOISTER_ASSIGN(Endpoint at_authorization, ReadEndpoint(authorization, issuer));
  CLOISTER_ASSIGN(Endpoint at_token, ReadEndpoint(token, issuer));
  CLOISTER_ASSIGN(Endpoint at_keys, ReadEndpoint(keys, issuer));
  return Discovery{.authorization = std::move(at_authorization),
                   .token = std::move(at_token),
                   .keys = std::move(at_keys),
                   .proof = proof,
                   .answers_name_issuer = names};
}

}  // namespace cloister::control
