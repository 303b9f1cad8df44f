#pragma once

// The reference of a sealed file that some age tool made: everything that a manifest commits to can be read off the
// ciphertext, so no key is needed (docs/formats/sealed-object.md).

#include <filesystem>
#include <functional>

#include "agreement/object_ref.h"
#include "base/result.h"

namespace cloister::cli {

// kInvalidArgument for what is no binary age file. Constant memory.
Result<agreement::SealedObjectRef> ScanSealedFile(const std::filesystem::path& path,
                                                  const std::function<void(std::uint64_t done_bytes)>& progress);

}  // namespace cloister::cli
