// `init`: who you are, on which server, and who keeps your key.

#include "cli/durable_file.h"
#include "cli/printable.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "codec/text.h"
#include "crypto/jws.h"

namespace cloister::cli {
namespace {

constexpr std::string_view kKeyProofTyp = "cloister-key+jws";

Result<std::string> LogIn(Context& context, const InitVerb& verb, const HomeConfig& config) {
  CLOISTER_ASSIGN(auto session, Session::OpenAt(context, config, ""));
  codec::JsonObject request{{"email", verb.email}};
  if (!verb.name.empty()) request["name"] = verb.name;
  if (!verb.organisation.empty()) request["organisation"] = verb.organisation;
  Result<codec::Json> answer = session->api().Post("/api/dev/login", request);
  if (!answer && answer.error().code == Code::kNotFound) {
    return Error{Code::kUnauthenticated, "this server has no development login; put an API key that it gave you into " +
                                             (context.home.folder() / "api-key").string() + " (chmod 600)"};
  }
  if (!answer) return std::move(answer).error();
  std::string api_key = TextAt(*answer, "api_key");
  if (api_key.empty()) return Unavailable("the server's answer to the login holds no API key");
  return api_key;
}

// The stored key, if `init` ran here before; else what the login gives, stored.
Result<std::string> ApiKey(Context& context, const InitVerb& verb, const HomeConfig& config) {
  Result<std::string> stored = context.home.LoadApiKey(context.api_key_file);
  if (stored || stored.error().code != Code::kUnauthenticated) return stored;
  CLOISTER_ASSIGN(std::string api_key, LogIn(context, verb, config));
  CLOISTER_TRY(context.home.SaveApiKey(api_key));
  return api_key;
}

// Keys are on disk before anybody hears of them: a key that the server knows and nobody has would be lost for good.
Result<ParticipantKeys> OwnKeys(Context& context) {
  CLOISTER_ASSIGN(std::optional<ParticipantKeys> keys, context.home.LoadKeys());
  if (keys) return std::move(*keys);
  ParticipantKeys made{crypto::Ed25519Signer::Generate(context.rng), sealing::AgeIdentity::Generate(context.rng)};
  CLOISTER_TRY(context.home.SaveKeys(made));
  return made;
}

Result<codec::JsonObject> KeyRequest(Context& context, const HomeConfig& config) {
  if (config.custody == agreement::Custody::kServer) return codec::JsonObject{{"custody", "server"}};
  CLOISTER_ASSIGN(const ParticipantKeys keys, OwnKeys(context));
  const codec::Json claims = codec::JsonObject{{"email", config.email},
                                               {"public_key", codec::Base64UrlEncode(keys.signer.public_key().raw())},
                                               {"recipient", keys.identity.recipient().Text()},
                                               {"time", FormatRfc3339(context.clock.Now())}};
  CLOISTER_ASSIGN(const std::string proof, crypto::SignJws(keys.signer, kKeyProofTyp, claims));
  return codec::JsonObject{{"custody", "self"}, {"proof", proof}};
}

// The key that the server has for us, or that we now give it.
Result<codec::Json> Register(Session& session, Context& context, const HomeConfig& config) {
  CLOISTER_ASSIGN(const codec::JsonObject request, KeyRequest(context, config));
  CLOISTER_ASSIGN(const codec::Json me, session.api().Get("/api/me"));
  if (MemberAt(me, "participant_key").is_object()) return MemberAt(me, "participant_key");
  CLOISTER_ASSIGN(const codec::Json answer, session.api().Post("/api/participant-keys", request));
  return MemberAt(answer, "participant_key");
}

// With custody `self` the server's word about our own key is compared with the key.
Result<std::string> CheckRegistered(Context& context, const HomeConfig& config, const codec::Json& registered) {
  const std::string thumbprint = TextAt(registered, "thumbprint");
  if (!agreement::IsThumbprint(thumbprint)) return Unavailable("the server's answer names no participant key");
  if (config.custody == agreement::Custody::kServer) return thumbprint;
  CLOISTER_ASSIGN(const ParticipantKeys keys, OwnKeys(context));
  if (thumbprint != keys.signer.public_key().Thumbprint()) {
    return Conflict("the server has another key for " + config.email + " (" + thumbprint +
                    "); use the home folder that has it, or another e-mail address");
  }
  return thumbprint;
}

Status CheckFresh(const Home& home, const HomeConfig& config) {
  const Result<HomeConfig> before = home.LoadConfig();
  if (!before && before.error().code == Code::kFailedPrecondition) return {};
  if (!before) return before.error();
  if (before->server == config.server && before->email == config.email && before->custody == config.custody) return {};
  return Conflict(home.folder().string() + " belongs to " + before->email + " at " + before->server +
                  "; choose another folder with --home");
}

}  // namespace

Result<ExitCode> Run(Context& context, const InitVerb& verb) {
  CLOISTER_ASSIGN(const net::ServerAddress server, net::ServerAddress::Parse(verb.server));
  HomeConfig config{.server = server.origin(),
                    .email = verb.email,
                    .custody = verb.custody == "server" ? agreement::Custody::kServer : agreement::Custody::kSelf,
                    .thumbprint = "",
                    .ca_file = context.ca_file};
  CLOISTER_TRY(CheckFresh(context.home, config));
  if (const auto before = context.home.LoadConfig(); before && config.ca_file.empty()) config.ca_file = before->ca_file;
  CLOISTER_ASSIGN(const std::string api_key, ApiKey(context, verb, config));
  CLOISTER_ASSIGN(auto session, Session::OpenAt(context, config, api_key));
  CLOISTER_ASSIGN(const codec::Json registered, Register(*session, context, config));
  CLOISTER_ASSIGN(config.thumbprint, CheckRegistered(context, config, registered));
  CLOISTER_TRY(context.home.SaveConfig(config));

  const bool self = config.custody == agreement::Custody::kSelf;
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"home", context.home.folder().string()},
                                       {"server", config.server},
                                       {"email", config.email},
                                       {"custody", verb.custody},
                                       {"thumbprint", config.thumbprint}});
    return ExitCode::kOk;
  }
  context.out.Show({{"home", context.home.folder().string()},
                    {"server", config.server},
                    {"custody", self ? "self: your key is in this folder and nowhere else; back it up"
                                     : "server: the server keeps your key and can sign and read as you"},
                    {"thumbprint", config.thumbprint}});
  return ExitCode::kOk;
}

}  // namespace cloister::cli
