#pragma once

// People, their API keys and their participant keys. Thread-safe.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"
#include "crypto/signer.h"

namespace cloister::control {

struct UserRecord {
  UserId id;
  std::string email;  // lower case
  std::string name;
  std::string organisation;
  Instant created_at;
};

// Where the private half of a participant key is.
enum class KeyCustody { kSelf, kServer };

struct ParticipantKeyRecord {
  std::string thumbprint;
  UserId user;
  crypto::Ed25519PublicKey public_key;
  std::string recipient;
  KeyCustody custody = KeyCustody::kSelf;
  std::optional<Bytes> sealed_secrets;  // of kServer alone (custody/key_vault.h)
  Instant created_at;
};

class UserStore {
 public:
  explicit UserStore(Db& db) : db_(db) {}

  // kConflict when the e-mail address is taken.
  Status AddUser(const UserRecord& user);
  Result<std::optional<UserRecord>> FindUser(const UserId& id);
  Result<std::optional<UserRecord>> FindUserByEmail(std::string_view email);

  // Only the SHA-256 of an API key is stored.
  Status AddApiKey(const Digest256& hash, const UserId& user, Instant now, Instant expires_at);
  // The owner of a key that has not expired.
  Result<std::optional<UserRecord>> FindUserByApiKey(const Digest256& hash, Instant now);

  // kConflict when the user has a key, or the key has another user.
  Status AddParticipantKey(const ParticipantKeyRecord& key);
  Result<std::optional<ParticipantKeyRecord>> FindParticipantKey(const UserId& user);
  Result<std::optional<ParticipantKeyRecord>> FindParticipantKey(std::string_view thumbprint);

 private:
  Db& db_;
};

}  // namespace cloister::control
