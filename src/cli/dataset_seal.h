#pragma once

// A plain file becomes a sealed one in the cache, for the enclave's dataset identity of this participant.

#include <filesystem>
#include <string>

#include "agreement/object_ref.h"
#include "base/rng.h"
#include "cli/session.h"

namespace cloister::cli {

struct SealJob {
  const std::filesystem::path& source;
  const std::filesystem::path& target;  // whole and synced when this returns, or not there
  const std::string& recipient;         // age1..., out of verified evidence
  std::uint64_t size_bytes = 0;         // of the source
};
// kResourceExhausted before anything is written if the disk has no room for it.
Result<agreement::SealedObjectRef> SealFile(Session& session, const SealJob& job);

}  // namespace cloister::cli
