#pragma once

// JWE in compact form (RFC 7516, 7518), over OpenSSL: the product has no JWE, but the mixed JOSE vectors do.

#include "vectors/library_crypto.h"

namespace cloister::vectors {

// The plaintext of `jwe` under a private or symmetric JWK; absent if it is refused. The key's `alg`, if it
// has one, must be the header's. Throws for an algorithm that is not implemented here.
MaybeBytes OpenJwe(const JsonObject& jwk, const Json& jwe);

}  // namespace cloister::vectors
