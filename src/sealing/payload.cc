#include "sealing/payload.h"

#include "crypto/kdf.h"

namespace cloister::sealing {
namespace {

ByteArray<12> Nonce(ChunkPlace place) {
  ByteArray<12> nonce{};
  // The counter has 11 bytes; 64 bits of it outlast any storage.
  for (std::size_t i = 0; i < 8; ++i) nonce[10 - i] = static_cast<std::uint8_t>(place.index >> (8 * i));
  nonce[11] = place.last ? 1 : 0;
  return nonce;
}

}  // namespace

SecretBytes PayloadKey(const SecretBytes& file_key, ByteView payload_nonce) {
  return crypto::HkdfSha256(file_key.view(), payload_nonce, AsBytes("payload"),
                            crypto::ChaCha20Poly1305::kKeyBytes);
}

void ChunkCipher::Seal(ChunkPlace place, ByteView plaintext, std::span<std::uint8_t> out) {
  aead_.Seal(Nonce(place), plaintext, {}, out);
}

Status ChunkCipher::Open(ChunkPlace place, ByteView sealed, std::span<std::uint8_t> out) {
  return aead_.Open(Nonce(place), sealed, {}, out);
}

}  // namespace cloister::sealing
