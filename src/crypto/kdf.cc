#include "crypto/kdf.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"

namespace cloister::crypto {

// Written out over HMAC, since OpenSSL 3.0's own HKDF bounds `info` by 1024 bytes.
SecretBytes HkdfSha256(ByteView input_key, ByteView salt, ByteView info, std::size_t size) {
  constexpr std::size_t kHashBytes = 32;
  CLOISTER_CHECK(size <= 255 * kHashBytes);
  Digest256 pseudorandom_key = HmacSha256(salt, input_key);
  SecretBytes output(size);
  Bytes block;  // T(n-1) || info || n
  block.reserve(kHashBytes + info.size() + 1);
  Digest256 step{};
  for (std::size_t done = 0, n = 1; done < size; ++n) {
    if (n == 1) {
      Append(block, info);
      block.push_back(0);
    } else if (n == 2) {
      block.insert(block.begin(), step.begin(), step.end());
    } else {
      std::memcpy(block.data(), step.data(), step.size());
    }
    block.back() = static_cast<std::uint8_t>(n);
    step = HmacSha256(pseudorandom_key, block);
    const std::size_t count = std::min(kHashBytes, size - done);
    std::memcpy(output.mutable_view().data() + done, step.data(), count);
    done += count;
  }
  Wipe(pseudorandom_key);
  Wipe(step);
  Wipe(block);
  return output;
}

Result<SecretBytes> Scrypt(const ScryptInput& input) {
  CLOISTER_CHECK(input.log_n >= 1 && input.log_n <= kScryptLogNMax);
  const openssl::QuietErrors quiet;
  SecretBytes key(input.size);
  const std::uint64_t n = std::uint64_t{1} << input.log_n;
  // The table, and a little for the blocks that are mixed.
  const std::uint64_t memory_max = 128 * std::uint64_t{input.block_size} * (n + input.parallelism + 16);
  if (EVP_PBE_scrypt(reinterpret_cast<const char*>(input.password.data()), input.password.size(),
                     input.salt.data(), input.salt.size(), n, input.block_size, input.parallelism, memory_max,
                     key.mutable_view().data(), key.size()) != 1) {
    return ResourceExhausted("not enough memory for the passphrase's work factor");
  }
  return key;
}

}  // namespace cloister::crypto
