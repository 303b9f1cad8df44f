#pragma once

// The client's state folder, one per participant and server:
//
//   config.json        server, e-mail, custody, thumbprint
//   api-key            0600; says who calls
//   participant-key    0600; custody self: the Ed25519 seed, base64url. Whoever has it signs as you.
//   age-identity       0600; custody self: as age-keygen writes it, so `age -d -i age-identity result.age` works
//   environments/ID/   what was verified and signed there (environment_home.h)
//   measurements       enclave programs that the participant knows from elsewhere than the server, one hex a line
//   cache/             sealed files on their way
//
// The folder is 0700. Not thread-safe.

#include <filesystem>
#include <optional>
#include <string>

#include "agreement/documents.h"
#include "agreement/thumbprint.h"
#include "base/id.h"
#include "base/result.h"
#include "crypto/signer.h"
#include "sealing/age_identity.h"

namespace cloister::cli {

struct HomeConfig {
  std::string server;  // an origin (net::ServerAddress)
  std::string email;
  agreement::Custody custody = agreement::Custody::kSelf;  // self or server
  agreement::Thumbprint thumbprint;                        // of the participant's key; empty before there is one
  std::string ca_file;  // PEM of the authority that vouches for the server; may be empty
};

// What a participant with custody `self` keeps.
struct ParticipantKeys {
  crypto::Ed25519Signer signer;
  sealing::AgeIdentity identity;
};

class Home {
 public:
  explicit Home(std::filesystem::path folder) : folder_(std::move(folder)) {}
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path EnvironmentFolder(const EnvironmentId& id) const;
  std::filesystem::path CacheFolder() const { return folder_ / "cache"; }

  // kFailedPrecondition with the mend when `cloister init` was never run here.
  Result<HomeConfig> LoadConfig() const;
  Status SaveConfig(const HomeConfig& config);

  // kUnauthenticated when there is none. `override_file` (CLOISTER_API_KEY_FILE) wins if not empty.
  Result<std::string> LoadApiKey(const std::string& override_file) const;
  Status SaveApiKey(std::string_view api_key);

  // Absent when there are none; an Error when they are there and cannot be used.
  Result<std::optional<ParticipantKeys>> LoadKeys() const;
  Status SaveKeys(const ParticipantKeys& keys);
  // The age identity file as it is, comment line included.
  Result<std::string> LoadAgeIdentityFile() const;

 private:
  std::filesystem::path folder_;
};

// Where the folder is: --home, else CLOISTER_HOME, else $XDG_DATA_HOME/cloister, else ~/.local/share/cloister.
struct HomeChoice {
  std::string flag = {};
  std::string cloister_home = {};
  std::string xdg_data_home = {};
  std::string user_home = {};
};
Result<std::filesystem::path> ChooseHomeFolder(const HomeChoice& choice);

}  // namespace cloister::cli
