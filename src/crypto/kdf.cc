#include "crypto/kdf.h"

#include <sodium/crypto_pwhash_scryptsalsa208sha256.h>

#include <algorithm>

#include "base/check.h"
#include "crypto/digest.h"

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

// libsodium's: it uses SSE2 where OpenSSL 3.0 has portable code only.
Result<SecretBytes> Scrypt(const ScryptInput& input) {
  CLOISTER_CHECK(input.log_n >= 1 && input.log_n <= kScryptLogNMax);
  SecretBytes key(input.size);
  // libsodium may assume that no pointer is null, and an empty view may have one.
  constexpr std::uint8_t kNothing = 0;
  const auto data = [&](ByteView view) { return view.empty() ? &kNothing : view.data(); };
  if (crypto_pwhash_scryptsalsa208sha256_ll(data(input.password), input.password.size(), data(input.salt),
                                            input.salt.size(), std::uint64_t{1} << input.log_n,
                                            input.block_size, input.parallelism, key.mutable_view().data(),
                                            key.size()) != 0) {
    return ResourceExhausted("not enough memory for the passphrase's work factor");
  }
  return key;
}

}  // namespace cloister::crypto
