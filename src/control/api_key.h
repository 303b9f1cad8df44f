#pragma once

// API keys: `clo_pat_<30 base62><6 base62 CRC-32>`. The checksum lets a scanner of leaked texts, and us, tell
// a key from a lookalike without asking the database; the 30 characters carry 178 bits. Only the SHA-256 of a
// key is ever stored.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rng.h"

namespace cloister::control {

std::string NewApiKey(Rng& rng);
// What is stored of a key. kUnauthenticated for a text that is none.
Result<Digest256> HashApiKey(std::string_view key);

}  // namespace cloister::control
