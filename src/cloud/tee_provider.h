#pragma once

// Port: where enclaves run. The control plane starts and stops them through it and trusts it no further than
// itself: what an enclave is, its evidence says.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace cloister::cloud {

// An enclave that was started. Destruction ends it, at once if need be. Thread-compatible; running() is
// thread-safe.
class TeeInstance {
 public:
  virtual ~TeeInstance() = default;
  // The stream of the channel (docs/formats/channel.md). Once; the caller owns the descriptor.
  virtual int TakeChannel() = 0;
  virtual bool running() const = 0;
};

// Thread-safe.
class TeeProvider {
 public:
  virtual ~TeeProvider() = default;
  virtual std::string_view name() const = 0;  // "local"
  // What a new charter names as acceptable: kinds of evidence, and measurements of the binary that Start()
  // runs.
  virtual std::vector<std::string> evidence_kinds() const = 0;
  virtual std::vector<Digest256> measurements() const = 0;
  // What unwraps an environment key again where a charter's recovery is `operator`: the text of an age
  // identity.
  virtual SecretBytes SealerText() const = 0;
  // kUnavailable when it cannot be started now, kResourceExhausted at the provider's bound.
  virtual Result<std::unique_ptr<TeeInstance>> Start() = 0;
};

}  // namespace cloister::cloud
