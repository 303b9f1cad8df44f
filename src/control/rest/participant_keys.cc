#include "control/rest/participant_keys.h"

namespace cloister::control {

Result<ParticipantKeyRecord> MakeServerKey(const Api& api, const UserRecord& user) {
  const ParticipantSecrets secrets = api.vault.Make();
  CLOISTER_ASSIGN(Bytes sealed, api.vault.Seal(secrets));
  return ParticipantKeyRecord{.thumbprint = secrets.signer.public_key().Thumbprint(),
                              .user = user.id,
                              .public_key = secrets.signer.public_key(),
                              .recipient = secrets.identity.recipient().Text(),
                              .custody = KeyCustody::kServer,
                              .sealed_secrets = std::move(sealed),
                              .created_at = api.clock.Now()};
}

Result<ParticipantKeyRecord> EnsureKey(const Api& api, const UserRecord& user) {
  CLOISTER_ASSIGN(auto known, api.store.users.FindParticipantKey(user.id));
  if (known) return *std::move(known);
  CLOISTER_ASSIGN(ParticipantKeyRecord made, MakeServerKey(api, user));
  const Status added = api.store.users.AddParticipantKey(made);
  if (added) return made;
  if (added.error().code != Code::kConflict) return added.error();
  // Another request of his was quicker.
  CLOISTER_ASSIGN(known, api.store.users.FindParticipantKey(user.id));
  if (!known) return added.error();
  return *std::move(known);
}

}  // namespace cloister::control
