#pragma once

// Keys from keys, and keys from passphrases. Pure and thread-safe.

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace cloister::crypto {

// HKDF-SHA-256 (RFC 5869), extract and expand in one. `info` is the purpose label: two purposes never share a
// key. `size` is at most 255 * 32 bytes.
SecretBytes HkdfSha256(ByteView input_key, ByteView salt, ByteView info, std::size_t size);

// scrypt (RFC 7914). Takes 128 * block_size * 2^log_n bytes of memory for a while: at log_n 18 and the
// default block size, as age writes, 256 MiB.
struct ScryptInput {
  ByteView password;
  ByteView salt;
  int log_n = 0;  // 1 to kScryptLogNMax; whoever reads it from a stranger bounds it lower
  std::uint32_t block_size = 8;
  std::uint32_t parallelism = 1;
  std::size_t size = 32;  // of the key, bytes
};
inline constexpr int kScryptLogNMax = 22;
// kResourceExhausted if the memory is not there.
Result<SecretBytes> Scrypt(const ScryptInput& input);

}  // namespace cloister::crypto
