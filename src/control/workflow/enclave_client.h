#pragma once

// The enclave's methods (docs/formats/channel.md) as functions. Nothing that comes back is believed beyond
// its shape. Thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/charter.h"
#include "attestation/binding.h"
#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "codec/json.h"
#include "net/frame/channel.h"

namespace cloister::control {

struct EnclaveLimits {
  std::int64_t threads = 2;
  agreement::RunBounds new_charters = {};  // what charters made here propose; theirs hold, not these
};

struct LaunchCall {
  EnvironmentId environment;
  const agreement::Charter* charter = nullptr;  // of genesis
  std::uint64_t entries = 0;
  std::optional<Digest256> seal;
  const SecretBytes* sealer = nullptr;  // where the charter lets the operator recover
  Bytes recovery_blob;
  std::int64_t threads = 1;
};
struct Launched {
  std::uint64_t boot_entry = 0;
  codec::Json sandbox;  // what the enclave says holds around it; for people
  Bytes recovery_blob;
};

struct RecordedLink {
  std::uint64_t entry = 0;
  std::string checkpoint;
  std::optional<codec::Json> refused;  // {"code","reasons"}: recorded without effect
};

struct Executed {
  std::string outcome;  // "released", "failed", "cancelled"
  std::string code;
  std::string receipt;  // of a release
  std::uint64_t release_entry = 0;
};

class EnclaveClient {
 public:
  explicit EnclaveClient(net::Channel& channel) : channel_(channel) {}

  Result<Launched> Launch(LaunchCall call);
  // The answer's JSON, as it is: clients appraise it themselves.
  Result<codec::Json> Evidence(const attestation::Nonce& nonce, const std::optional<Digest256>& charter);
  Result<RecordedLink> Propose(const agreement::Charter& charter);
  Result<RecordedLink> Link(std::string_view document);
  Status Load(const DatasetId& dataset);
  Result<Executed> Execute(const QueryId& query, std::int64_t timeout_ms);
  Status Cancel(const QueryId& query);
  Status Stop();

 private:
  net::Channel& channel_;
};

}  // namespace cloister::control
