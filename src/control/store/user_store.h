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

struct ApiKeyTag { static constexpr std::string_view kPrefix = "key"; };
using ApiKeyId = Id<ApiKeyTag>;
struct AdminRequestTag { static constexpr std::string_view kPrefix = "adm"; };
using AdminRequestId = Id<AdminRequestTag>;

// Who answered for the address when the account was made.
enum class UserOrigin {
  kDevelopment,    // nobody: --dev-login, or a database that did not write it down
  kAdministrator,  // an administrator, or the operator (--first-user)
  kIssuer,         // an issuer of identities
};

struct UserRecord {
  UserId id;
  std::string email;  // lower case
  std::string name;
  std::string organisation;
  Instant created_at;
  bool administrator = false;  // of this server; it gives no right in any environment
  UserOrigin origin = UserOrigin::kDevelopment;
  std::optional<Instant> disabled_at = std::nullopt;
  Instant updated_at = {};  // as it is stored; of a new one, when it was created
};

// What is known of an API key once it has been shown.
struct ApiKeyRecord {
  ApiKeyId id;
  Digest256 hash{};  // SHA-256 of the key; the key itself is stored nowhere
  UserId user;
  std::string name;
  std::string scopes;  // words with a space between them (rest/scope.h)
  std::string prefix;  // the key's first characters
  Instant created_at;
  Instant updated_at;
  Instant expires_at;
  std::optional<Instant> last_used_at;
};

enum class AdminRequestStatus { kPending, kApproved, kRejected };
std::string_view AdminRequestStatusName(AdminRequestStatus status);

struct AdminRequestRecord {
  AdminRequestId id;
  UserId user;
  std::string reason;
  AdminRequestStatus status = AdminRequestStatus::kPending;
  std::optional<std::string> decided_by;  // a user's id
  Instant created_at;
  Instant updated_at;
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

  // The first user of all becomes administrator, whatever `user` says. kConflict when the e-mail address is taken.
  Status AddUser(const UserRecord& user);
  Result<std::vector<UserRecord>> AllUsers();
  Result<std::optional<UserRecord>> FindUser(const UserId& id);
  Result<std::optional<UserRecord>> FindUserByEmail(std::string_view email);
  // His API keys and sessions end in the same transaction, and stay ended when he is let in again. False when there is
  // no such user; kFailedPrecondition for the last administrator.
  Result<bool> Disable(const UserId& id, Instant now);
  Result<bool> Enable(const UserId& id, Instant now);
  // The role ends. As Disable().
  Result<bool> TakeAdministrator(const UserId& id, Instant now);

  Status AddApiKey(const ApiKeyRecord& key);
  struct KeyOwner {
    UserRecord user;
    ApiKeyRecord key;
  };
  // The owner, who is not disabled, of a key that has not expired. Notes the use, to the minute.
  Result<std::optional<KeyOwner>> FindUserByApiKey(const Digest256& hash, Instant now);
  // Those of a user, expired ones too, oldest first.
  Result<std::vector<ApiKeyRecord>> ApiKeysOf(const UserId& user);
  // False when the user has no such key.
  Result<bool> RemoveApiKey(const UserId& user, const ApiKeyId& id);
  // The new key stands, and the old one ends at `old_expires_at`, both or neither.
  Status RollApiKey(const ApiKeyId& old_key, Instant old_expires_at, const ApiKeyRecord& new_key);

  // kConflict when the user waits for a decision already.
  Status AddAdminRequest(const AdminRequestRecord& request);
  Result<std::vector<AdminRequestRecord>> AdminRequests();
  Result<std::optional<AdminRequestRecord>> FindAdminRequest(const AdminRequestId& id);
  // Approved: the user is administrator from now on. kConflict when it was decided before.
  Status DecideAdminRequest(const AdminRequestRecord& decided);

  // kConflict when the user has a key, or the key has another user.
  Status AddParticipantKey(const ParticipantKeyRecord& key);
  Result<std::optional<ParticipantKeyRecord>> FindParticipantKey(const UserId& user);
  Result<std::optional<ParticipantKeyRecord>> FindParticipantKey(std::string_view thumbprint);

 private:
  Db& db_;
};

}  // namespace cloister::control
