#pragma once

// Enclaves as child processes of this machine, for development and for those who run everything themselves.
// The process confines itself (docs/threat-model.md); what this file adds is that it starts with one
// descriptor and nothing else. Its evidence is `simulated` and its sealer a file of the operator's: both are
// named so in every charter.

#include <memory>
#include <string>

#include "base/result.h"
#include "base/rng.h"
#include "cloud/local/launch_thread.h"
#include "cloud/tee_provider.h"

namespace cloister::cloud {

inline constexpr int kLocalEnclavesMax = 64;
inline constexpr int kEnclaveEndWaitMs = 3'000;  // how long a told enclave may take to end before it is killed

struct LocalProviderOptions {
  std::string enclave_program;  // path of cloister-enclave
  std::string sealer_file;      // made when absent, readable for its owner alone; never inside the data folder
};

class LocalProvider final : public TeeProvider {
 public:
  // kUnavailable when the program cannot be read or the sealer file cannot be made; kPermissionDenied when
  // others may read the sealer file.
  static Result<std::unique_ptr<LocalProvider>> Open(const LocalProviderOptions& options, Rng& rng);

  std::string_view name() const override { return "local"; }
  std::vector<std::string> evidence_kinds() const override { return {"simulated"}; }
  std::vector<Digest256> measurements() const override { return {measurement_}; }
  SecretBytes SealerText() const override { return sealer_.Clone(); }
  Result<std::unique_ptr<TeeInstance>> Start() override;

 private:
  LocalProvider(std::string program, const Digest256& measurement, SecretBytes sealer);

  const std::string program_;
  const Digest256 measurement_;
  const SecretBytes sealer_;
  const std::shared_ptr<struct EnclaveCount> count_;
  LaunchThread launcher_;
};

}  // namespace cloister::cloud
