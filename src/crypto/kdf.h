#pragma once

// HKDF-SHA-256 (RFC 5869), extract and expand in one. `info` is the purpose label: two purposes never share a key.

#include <string_view>

#include "base/bytes.h"
#include "base/secret_bytes.h"

namespace cloister::crypto {

// `size` is at most 255 * 32 bytes.
SecretBytes HkdfSha256(ByteView input_key, ByteView salt, ByteView info, std::size_t size);

}  // namespace cloister::crypto
