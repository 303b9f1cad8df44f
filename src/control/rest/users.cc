// POST /api/dev/login, GET /api/me, GET, POST /api/participant-keys: people, their API keys, and the keys that
// they are.

#include <algorithm>

#include "control/rest/api_keys.h"
#include "control/rest/browser.h"
#include "control/rest/participant_keys.h"
#include "control/rest/routes.h"
#include "codec/text.h"
#include "crypto/jws.h"
#include "sealing/age_identity.h"

namespace cloister::control {
namespace {

constexpr std::string_view kKeyProofTyp = "cloister-key+jws";
constexpr std::int64_t kProofAgeMsMax = 3'600'000;  // a proof is made for one registration, not kept

codec::JsonObject EncodeKey(const ParticipantKeyRecord& key) {
  return {{"thumbprint", key.thumbprint},
          {"public_key", codec::Base64UrlEncode(key.public_key.raw())},
          {"recipient", key.recipient},
          {"custody", key.custody == KeyCustody::kServer ? "server" : "self"},
          {"created_at", FormatRfc3339(key.created_at)},
          {"updated_at", FormatRfc3339(key.created_at)}};
}

Result<UserRecord> FindOrAddUser(const Api& api, const UserRecord& user) {
  CLOISTER_ASSIGN(auto known, api.store.users.FindUserByEmail(user.email));
  if (known) return *std::move(known);
  CLOISTER_TRY(api.store.users.AddUser(user));
  CLOISTER_ASSIGN(known, api.store.users.FindUser(user.id));
  return known.value_or(user);
}

Result<net::Response> AnswerWithKey(const Api& api, const net::Request& request, const UserRecord& user) {
  RequestIds ids(api, request);
  CLOISTER_ASSIGN(const NewKey made, MakeApiKey(api, ids, user.id, {.name = "development login"}));
  CLOISTER_TRY(api.store.users.AddApiKey(made.record));
  return JsonResponse(200, {{"user", EncodeUser(user)}, {"api_key", made.text}});
}

Result<net::Response> AnswerWithSession(const Api& api, const net::Request& request, const UserRecord& user) {
  CLOISTER_TRY(CheckSite(api, request));
  CLOISTER_ASSIGN(const NewSession made, BeginSession(api, request, user.id));
  net::Response response = JsonResponse(
      200, {{"user", EncodeUser(user)}, {"session", EncodeSession(made.record, made.csrf_token)}});
  response.headers.emplace_back("set-cookie", made.cookie);
  return response;
}

// Whoever reaches the port is whoever he says: for one's own machine, and refused elsewhere (apps/cloisterd.cc). With
// `session` the caller is a browser and gets a cookie in the place of a key.
Result<net::Response> DevLogin(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(codec::Json body, ReadJsonBody(request));
  bool browser = false;
  if (body.is_object() && body.as_object().contains("session")) {
    const codec::Json& session = body.as_object().at("session");
    if (!session.is_bool()) return InvalidArgument("session must be true or false");
    browser = session.as_bool();
    body.as_object().erase("session");
  }
  CLOISTER_ASSIGN(const UserRecord login, DecodeNewUser(api, body));
  CLOISTER_ASSIGN(const UserRecord user, FindOrAddUser(api, login));
  if (user.disabled_at) return Error{Code::kPermissionDenied, "this account is disabled; ask an administrator"};
  return browser ? AnswerWithSession(api, request, user) : AnswerWithKey(api, request, user);
}

Result<net::Response> Me(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  codec::Json key;
  if (caller.key) key = EncodeKey(*caller.key);
  return JsonResponse(200, {{"user", EncodeUser(caller.user)}, {"participant_key", std::move(key)}});
}

// The key's owner shows that he has it, and says which age recipient goes with it.
Result<ParticipantKeyRecord> ReadProof(const Api& api, const UserRecord& user, const std::string& proof) {
  CLOISTER_ASSIGN(const auto claimed, crypto::PeekJws(proof));
  const std::size_t dot = proof.find('.');
  CLOISTER_ASSIGN(const Bytes payload, codec::Base64UrlDecode(proof.substr(dot + 1, proof.rfind('.') - dot - 1)));
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(AsText(payload)));
  codec::ObjectReader in(json, "proof");
  const std::string email = in.String("email");
  const std::string recipient = in.String("recipient");
  const std::string time_text = in.String("time");
  const Bytes raw = in.Base64Url("public_key", 32);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const auto public_key, crypto::Ed25519PublicKey::FromRaw(raw));
  CLOISTER_TRY(crypto::VerifyJws(proof, kKeyProofTyp, public_key));
  CLOISTER_ASSIGN(const std::string claimed_email, ReadEmail(email));
  CLOISTER_ASSIGN(const Instant time, ParseRfc3339(time_text));
  CLOISTER_ASSIGN(const auto age, sealing::AgeRecipient::Parse(recipient));
  if (claimed_email != user.email) return VerificationFailed("the proof is made for another e-mail address");
  if (std::abs(api.clock.Now().unix_ms - time.unix_ms) > kProofAgeMsMax) {
    return VerificationFailed("the proof's time is more than an hour away from the server's");
  }
  return ParticipantKeyRecord{.thumbprint = public_key.Thumbprint(),
                              .user = user.id,
                              .public_key = public_key,
                              .recipient = age.Text(),
                              .custody = KeyCustody::kSelf,
                              .sealed_secrets = std::nullopt,
                              .created_at = api.clock.Now()};
}

Result<net::Response> AddParticipantKey(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const std::string custody = in.String("custody");
  const auto proof = in.OptionalString("proof", crypto::kJwsBytesMax);
  if (custody != "self" && custody != "server") in.Fail("custody", "must be 'self' or 'server'");
  if (custody == "self" && !proof) in.Fail("proof", "is missing");
  if (custody == "server" && proof) in.Fail("proof", "belongs to custody 'self'");
  CLOISTER_TRY(in.Finish());
  RequestIds ids(api, request);
  if (caller.key && ids.repeatable() && proof.has_value() == (caller.key->custody == KeyCustody::kSelf) &&
      caller.key->created_at >= ids.began()) {
    return JsonResponse(201, {{"participant_key", EncodeKey(*caller.key)}});  // what this request made before
  }
  if (caller.key) return Conflict("you have a participant key already");
  CLOISTER_ASSIGN(const ParticipantKeyRecord key,
                  proof ? ReadProof(api, caller.user, *proof) : MakeServerKey(api, caller.user));
  CLOISTER_TRY(api.store.users.AddParticipantKey(key));
  return JsonResponse(201, {{"participant_key", EncodeKey(key)}});
}

Result<net::Response> ListParticipantKeys(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  codec::JsonArray keys;
  if (caller.key) keys.push_back(EncodeKey(*caller.key));
  return AnswerList(request, "participant_keys", std::move(keys), "thumbprint");
}

}  // namespace

Result<UserRecord> DecodeNewUser(const Api& api, const codec::Json& json) {
  codec::ObjectReader in(json, "");
  UserRecord user{.id = UserId::New(api.clock, api.rng),
                  .email = in.String("email"),
                  .name = in.OptionalString("name").value_or(""),
                  .organisation = in.OptionalString("organisation").value_or(""),
                  .created_at = api.clock.Now()};
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(user.email, ReadEmail(user.email));
  if (user.name.empty()) user.name = user.email.substr(0, user.email.find('@'));
  if (user.organisation.empty()) user.organisation = user.email.substr(user.email.find('@') + 1);
  CLOISTER_TRY(CheckLabel("name", user.name, agreement::kLabelBytesMax));
  CLOISTER_TRY(CheckLabel("organisation", user.organisation, agreement::kLabelBytesMax));
  return user;
}

codec::JsonObject EncodeUser(const UserRecord& user) {
  codec::JsonObject json{{"id", user.id.str()},
                         {"email", user.email},
                         {"name", user.name},
                         {"organisation", user.organisation},
                         {"administrator", user.administrator},
                         {"created_at", FormatRfc3339(user.created_at)},
                         {"updated_at", FormatRfc3339(std::max(user.created_at, user.updated_at))}};
  if (user.disabled_at) json["disabled_at"] = FormatRfc3339(*user.disabled_at);
  return json;
}

void AddUserRoutes(net::Router& router, const Api& api) {
  if (api.dev_login) {
    router.Add("POST", "/api/dev/login", [&api](const net::Request& request) { return DevLogin(api, request); });
  }
  router.Add("GET", "/api/me", [&api](const net::Request& request) { return Me(api, request); });
  router.Add("GET", "/api/participant-keys",
             [&api](const net::Request& request) { return ListParticipantKeys(api, request); });
  router.Add("POST", "/api/participant-keys",
             [&api](const net::Request& request) { return AddParticipantKey(api, request); });
}

}  // namespace cloister::control
