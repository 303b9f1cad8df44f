#pragma once

// ChaCha20-Poly1305 (RFC 8439): 32-byte key, 12-byte nonce, 16-byte tag behind the ciphertext. The caller
// never uses a nonce twice under one key; sealing/ counts them. Holds one OpenSSL context, so that a stream
// of chunks pays for key set-up once. Thread-compatible: one object per thread.

#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::crypto {

class ChaCha20Poly1305 {
 public:
  static constexpr std::size_t kKeyBytes = 32;
  static constexpr std::size_t kNonceBytes = 12;
  static constexpr std::size_t kTagBytes = 16;

  explicit ChaCha20Poly1305(ByteView key);  // exactly kKeyBytes; the context keeps a copy and wipes it
  ~ChaCha20Poly1305();
  ChaCha20Poly1305(ChaCha20Poly1305&&) noexcept;
  ChaCha20Poly1305& operator=(ChaCha20Poly1305&&) noexcept;

  // Writes plaintext.size() + kTagBytes to `out`, which has that size. In place (out starts at plaintext) is
  // fine.
  void Seal(ByteView nonce, ByteView plaintext, ByteView associated_data, std::span<std::uint8_t> out);
  // Writes sealed.size() - kTagBytes to `out`. kVerificationFailed if the tag does not fit; `out` is wiped
  // then.
  Status Open(ByteView nonce, ByteView sealed, ByteView associated_data, std::span<std::uint8_t> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cloister::crypto
