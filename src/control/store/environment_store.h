#pragma once

// Environments as the server keeps them: labels, lifecycle, what an enclave needs to start again. What holds
// in an environment is what its ledger says; nothing here is consulted for that. Thread-safe.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"

namespace cloister::control {

// The server's own view of the enclave behind an environment. Whether its charter is in force is the ledger's
// to say.
enum class Lifecycle {
  kCreating,    // no enclave has answered yet
  kRunning,     // an enclave has booted; it may be restarting
  kTerminated,  // ended by its participants
  kFailed,      // its enclave is gone and cannot come back
  kSuspended,   // its enclave was stopped on request and is not to be started
};

struct EnvironmentRecord {
  EnvironmentId id;
  std::string name;
  std::string description;
  UserId creator;
  std::string provider;
  std::optional<std::string> gcp_project_id;
  std::optional<std::string> gcp_zone;
  std::string charter;  // canonical text of epoch 1
  Lifecycle lifecycle = Lifecycle::kCreating;
  std::optional<std::string> error;  // fixed text, of kFailed
  std::optional<Bytes> recovery_blob;
  Instant created_at;
  Instant updated_at;
};

class EnvironmentStore {
 public:
  explicit EnvironmentStore(Db& db) : db_(db) {}

  Status Add(const EnvironmentRecord& environment, const std::vector<std::string>& invited_emails);
  Result<std::optional<EnvironmentRecord>> Find(const EnvironmentId& id);
  Result<std::vector<EnvironmentRecord>> All();
  // When the n-th newest environment of a user was created, from 1.
  Result<std::optional<Instant>> NthNewest(const UserId& creator, std::int64_t n);

  Status SetLifecycle(const EnvironmentId& id, Lifecycle lifecycle, const std::optional<std::string>& error,
                      Instant now);
  Status SetRecoveryBlob(const EnvironmentId& id, ByteView blob, Instant now);
  // No enclave takes it up again.
  // Takes every trace away of an environment whose creation nobody was told of. kFailedPrecondition where somebody has
  // put a dataset or a query into it all the same.
  Status Forget(const EnvironmentId& id);
  Status ForgetRecoveryBlob(const EnvironmentId& id, Instant now);

  // People who were named at creation but had no key yet.
  Result<std::vector<std::string>> Invited(const EnvironmentId& id);
  // Again changes nothing.
  // In the name of `inviter`; of who did so last, where several invite one address.
  Status AddInvitation(const EnvironmentId& id, std::string_view email, const UserId& inviter);
  // Absent: that address is not invited.
  Result<std::optional<UserId>> Inviter(const EnvironmentId& id, std::string_view email);
  // The environments that wait for somebody of this address.
  Result<std::vector<EnvironmentId>> InvitationsOf(std::string_view email);
  Status Touch(const EnvironmentId& id, Instant now);
  Status RemoveInvitation(const EnvironmentId& id, std::string_view email);

 private:
  Db& db_;
};

}  // namespace cloister::control
