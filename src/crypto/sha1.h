#pragma once

// SHA-1 (FIPS 180-4), for the one place that a protocol of others has it in: the handshake of RFC 6455 section 4.2.2,
// where it hides nothing and proves nothing. Thread-compatible.

#include "base/bytes.h"

namespace cloister::crypto {

ByteArray<20> Sha1(ByteView message);

}  // namespace cloister::crypto
