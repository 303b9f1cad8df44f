#pragma once

// SHA-2 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104). Thread-compatible.

#include <initializer_list>
#include <memory>

#include "base/bytes.h"

namespace cloister::crypto {

Digest256 Sha256(ByteView message);
// The digest of the parts' concatenation.
Digest256 Sha256(std::initializer_list<ByteView> parts);
ByteArray<64> Sha512(ByteView message);

// A digest over bytes that come in pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  void Update(ByteView piece);
  // The digest so far; the stream starts afresh.
  Digest256 Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest256 HmacSha256(ByteView key, ByteView message);

// Compares in time that depends on the sizes only.
bool EqualInConstantTime(ByteView a, ByteView b);

}  // namespace cloister::crypto
