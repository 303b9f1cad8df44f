// GET .../attestation: raw evidence, for clients that verify by themselves. POST: the server's own verdict,
// for people who want to see one; nothing that protects data rests on it.

#include <algorithm>

#include "attestation/enclave_appraisal.h"
#include "attestation/explain.h"
#include "codec/text.h"
#include "control/rest/environment_json.h"
#include "control/rest/routes.h"
#include "crypto/digest.h"

namespace cloister::control {
namespace {

constexpr std::ptrdiff_t kForeignNonceCharsMin = 8;

// The charter that evidence is about: the one named, else the newest.
Result<agreement::Charter> CharterAsked(const Member& member, const std::optional<Digest256>& digest) {
  return member.session->Look([&](const ledger::LedgerState& state) -> Result<agreement::Charter> {
    const ledger::CharterRecord* record = digest ? state.FindCharter(*digest) : state.newest_charter();
    if (record == nullptr) return NotFound("the environment has no such charter");
    return record->charter;
  });
}

Result<attestation::Nonce> ReadNonce(std::string_view text) {
  const auto bytes = codec::Base64UrlDecode(text);
  if (!bytes || bytes->size() != attestation::Nonce{}.size()) {
    return InvalidArgument("'nonce' must be 32 bytes in base64url without padding");
  }
  return ToArray<32>(*bytes);
}

// A nonce that a caller made in his own way counts by its digest, so that his bytes never stand in evidence as they
// are.
Result<attestation::Nonce> NonceOf(const std::string& text) {
  if (const auto nonce = ReadNonce(text)) return *nonce;
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };  // a character of UTF-8
  if (std::ranges::count_if(text, begins) < kForeignNonceCharsMin) {
    return InvalidArgument("'nonce' must have at least 8 characters");
  }
  return crypto::Sha256(AsBytes(text));
}

// An answer of the enclave, or what somebody says is one, under the charter.
Result<codec::Json> Appraise(const Api& api, const codec::Json& evidence, const agreement::Charter& charter,
                             const attestation::Nonce& nonce) {
  CLOISTER_ASSIGN(const auto terms, attestation::ReadTerms(agreement::EncodeCharter(charter)));
  CLOISTER_ASSIGN(const auto answer, attestation::DecodeEnclaveAnswer(evidence));
  const auto verdict =
      attestation::AppraiseEnclave(answer, {.terms = terms, .nonce = nonce, .now = api.clock.Now()});
  return attestation::AppraisalJson(verdict.appraisal);
}

Result<net::Response> Evidence(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  const auto nonce_text = request.query.find("nonce");
  if (nonce_text == request.query.end()) return InvalidArgument("'nonce' is missing");
  CLOISTER_ASSIGN(const attestation::Nonce nonce, ReadNonce(nonce_text->second));
  std::optional<Digest256> digest;
  if (const auto named = request.query.find("charter"); named != request.query.end()) {
    CLOISTER_ASSIGN(digest, codec::HexDecodeDigest(named->second));
  }
  CLOISTER_ASSIGN(const agreement::Charter charter, CharterAsked(member, digest));
  CLOISTER_ASSIGN(const auto enclave, member.session->AwaitEnclave());
  CLOISTER_ASSIGN(const codec::Json evidence, enclave->Evidence(nonce, agreement::CharterDigest(charter)));
  CLOISTER_ASSIGN(codec::Json appraisal, Appraise(api, evidence, charter, nonce));
  const codec::JsonObject* members = evidence.if_object();
  if (members == nullptr) return Unavailable("the enclave's evidence is malformed");
  codec::JsonObject answer = *members;
  answer["charter_document"] = agreement::EncodeCharter(charter);
  answer["appraisal"] = std::move(appraisal);
  return JsonResponse(200, std::move(answer));
}

// `attestation_token` is an earlier answer of GET as a text, with the nonce that it was made for.
Result<codec::Json> TokenOrFresh(const Member& member, const std::optional<std::string>& token,
                                 const attestation::Nonce& nonce, const agreement::Charter& charter) {
  if (!token) {
    CLOISTER_ASSIGN(const auto enclave, member.session->AwaitEnclave());
    return enclave->Evidence(nonce, agreement::CharterDigest(charter));
  }
  CLOISTER_ASSIGN(codec::Json json, codec::ParseJson(*token));
  if (auto* object = json.if_object()) {
    object->erase("charter_document");
    object->erase("appraisal");
  }
  return json;
}

Result<net::Response> Verify(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const auto nonce_text = in.OptionalString("nonce");
  const auto token = in.OptionalString("attestation_token", std::size_t{1} << 20);
  if (token && !nonce_text) in.Fail("nonce", "is missing: a token is verified for the nonce that it was made for");
  CLOISTER_TRY(in.Finish());
  attestation::Nonce nonce{};
  api.rng.Fill(nonce);
  if (nonce_text) {
    CLOISTER_ASSIGN(nonce, NonceOf(*nonce_text));
  }
  CLOISTER_ASSIGN(const agreement::Charter charter, CharterAsked(member, std::nullopt));
  CLOISTER_ASSIGN(const codec::Json evidence, TokenOrFresh(member, token, nonce, charter));
  CLOISTER_ASSIGN(const codec::Json appraisal, Appraise(api, evidence, charter, nonce));
  codec::JsonObject answer = appraisal.as_object();
  CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
  answer["tee"] = std::move(tee);
  answer["message"] = answer.at("verified").as_bool()
                          ? "The evidence is accepted under the environment's charter."
                          : "The evidence is not accepted; see the findings.";
  answer["nonce"] = codec::Base64UrlEncode(nonce);
  answer["charter_digest"] = codec::HexEncode(agreement::CharterDigest(charter));
  return JsonResponse(200, std::move(answer));
}

}  // namespace

void AddAttestationRoutes(net::Router& router, const Api& api) {
  router.Add("GET", "/api/tee/environments/{id}/attestation",
             [&api](const net::Request& request) { return Evidence(api, request); });
  router.Add("POST", "/api/tee/environments/{id}/attestation",
             [&api](const net::Request& request) { return Verify(api, request); });
}

}  // namespace cloister::control
