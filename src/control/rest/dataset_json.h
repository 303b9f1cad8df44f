#pragma once

// A dataset as the API shows it. Room-private.

#include "control/rest/api.h"

namespace cloister::control {

Result<codec::JsonObject> EncodeDataset(const Api& api, const Member& member, const DatasetRecord& dataset);

}  // namespace cloister::control
