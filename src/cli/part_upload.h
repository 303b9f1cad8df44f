#pragma once

// A sealed file to the server in parts: any part again is harmless, parts that are there are not sent again.

#include "cli/session.h"
#include "cli/upload_state.h"

namespace cloister::cli {

// Opens an upload if `state` has none (and saves it), sends what is missing. Afterwards the server has every part.
Status SendParts(Session& session, UploadCache& cache, UploadState& state);

// "/api/tee/datasets/ID/uploads/UPLOAD"
std::string UploadPath(const UploadState& state);

}  // namespace cloister::cli
