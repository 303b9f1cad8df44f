#pragma once

// The payload of an age v1 file (https://c2sp.org/age, "Payload"): a 16-byte nonce, then the plaintext in
// chunks of 64 KiB, each sealed with ChaCha20-Poly1305 under
//
//   key   = HKDF-SHA-256(file key, salt = payload nonce, info = "payload")
//   nonce = 11 bytes big-endian chunk index || 0x01 for the last chunk, else 0x00
//
// Only the last chunk may be shorter than 64 KiB; it is empty only if the whole plaintext is.

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/aead.h"

namespace cloister::sealing {

inline constexpr std::size_t kPayloadNonceBytes = 16;
inline constexpr std::size_t kChunkBytes = 64 << 10;
inline constexpr std::size_t kChunkTagBytes = crypto::ChaCha20Poly1305::kTagBytes;
inline constexpr std::size_t kSealedChunkBytes = kChunkBytes + kChunkTagBytes;

struct ChunkPlace {
  std::uint64_t index = 0;
  bool last = false;
};

// Bytes of the payload, nonce included, for so much plaintext: 0 -> 32, 65536 -> 65568, 65537 -> 65585.
constexpr std::uint64_t PayloadBytes(std::uint64_t plaintext_bytes) {
  const std::uint64_t chunks = plaintext_bytes == 0 ? 1 : (plaintext_bytes - 1) / kChunkBytes + 1;
  return kPayloadNonceBytes + plaintext_bytes + chunks * kChunkTagBytes;
}

// The inverse, of what PayloadBytes() answers: 32 -> 0, 65568 -> 65536, 65585 -> 65537.
constexpr std::uint64_t PlaintextBytes(std::uint64_t payload_bytes) {
  const std::uint64_t sealed = payload_bytes - kPayloadNonceBytes;
  return sealed - ((sealed - 1) / kSealedChunkBytes + 1) * kChunkTagBytes;
}
static_assert(PlaintextBytes(PayloadBytes(0)) == 0 && PlaintextBytes(PayloadBytes(kChunkBytes)) == kChunkBytes &&
              PlaintextBytes(PayloadBytes(kChunkBytes + 1)) == kChunkBytes + 1);

SecretBytes PayloadKey(const SecretBytes& file_key, ByteView payload_nonce);

// Seals and opens single chunks of one file. Thread-compatible: each thread has its own.
class ChunkCipher {
 public:
  explicit ChunkCipher(const SecretBytes& payload_key) : aead_(payload_key.view()) {}

  // `out` has kChunkTagBytes more than `plaintext` and may begin at it. Each place is sealed once.
  void Seal(ChunkPlace place, ByteView plaintext, std::span<std::uint8_t> out);
  // `out` has kChunkTagBytes less than `sealed` and does not overlap it. kVerificationFailed if the chunk is
  // not the one that was sealed for this place.
  Status Open(ChunkPlace place, ByteView sealed, std::span<std::uint8_t> out);

 private:
  crypto::ChaCha20Poly1305 aead_;
};

}  // namespace cloister::sealing
