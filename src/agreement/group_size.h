#pragma once

// How many people make a crowd, where an owner's file is silent: the charter's default, put in before he signs. What is
// signed is then what holds; whoever reads a manifest never has to guess (DecodeManifest refuses one that is silent).

#include <cstdint>

#include "codec/json.h"

namespace cloister::agreement {

// `policy` with `min_group_size`, unless it states one. Anything but an object comes back as it is.
codec::Json WithGroupSize(codec::Json policy, std::int64_t charter_default);
bool StatesGroupSize(const codec::Json& policy);

}  // namespace cloister::agreement
