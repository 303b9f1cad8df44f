#pragma once

// The local development sealer: one age identity in a file that its owner alone can read. It unwraps
// environment keys where a charter allows the operator to recover, and the keys that the server keeps for
// participants; a copy of the data folder without it opens neither.

#include <string>

#include "base/result.h"
#include "base/rng.h"
#include "base/secret_bytes.h"

namespace cloister::cloud {

// The identity's text. Makes the file, mode 0600, when there is none. kPermissionDenied when others may read
// it, kInvalidArgument when it holds anything but one identity.
Result<SecretBytes> LoadOrMakeSealer(const std::string& path, Rng& rng);

}  // namespace cloister::cloud
