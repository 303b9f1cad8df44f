// `key`: what names you, and what opens your results.

#include "base/secret_bytes.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

struct ShownKey {
  std::string thumbprint, public_key, recipient;
};

// With custody `server` only the server knows, and says.
Result<ShownKey> KeyOf(Session& session) {
  if (const ParticipantKeys* keys = session.keys()) {
    return ShownKey{keys->signer.public_key().Thumbprint(), codec::Base64UrlEncode(keys->signer.public_key().raw()),
                    keys->identity.recipient().Text()};
  }
  CLOISTER_ASSIGN(const codec::Json me, session.api().Get("/api/me"));
  const codec::Json& key = MemberAt(me, "participant_key");
  return ShownKey{TextAt(key, "thumbprint"), TextAt(key, "public_key"), TextAt(key, "recipient")};
}

}  // namespace

Result<ExitCode> Run(Context& context, const KeyShowVerb&) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const ShownKey key, KeyOf(*session));
  const std::string custody(agreement::CustodyName(session->config().custody));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"email", session->config().email},
                                       {"custody", custody},
                                       {"thumbprint", key.thumbprint},
                                       {"public_key", key.public_key},
                                       {"recipient", key.recipient}});
    return ExitCode::kOk;
  }
  context.out.Show({{"email", session->config().email},
                    {"custody", custody},
                    {"thumbprint", key.thumbprint},
                    {"public key", key.public_key},
                    {"age recipient", key.recipient}});
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const KeyExportAgeVerb&) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  if (session->keys() == nullptr) {
    return FailedPrecondition(
        "with custody server your age identity is on the server, and it opens results for you; "
        "`cloister init --custody self` makes keys that only you have");
  }
  CLOISTER_ASSIGN(std::string identity, context.home.LoadAgeIdentityFile());
  context.out.Raw(identity);
  Wipe(identity);
  return ExitCode::kOk;
}

}  // namespace cloister::cli
