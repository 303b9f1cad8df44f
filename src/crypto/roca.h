#pragma once

// The fingerprint of RSA keys made by Infineon's library before 2017 (CVE-2017-15361; Nemec et al., "The
// Return of Coppersmith's Attack", CCS 2017): its primes are k * M + (65537^a mod M) with M the product of
// the first primes, so the modulus is a power of 65537 modulo each of them, and can be factored. TPMs were
// among the carriers. Room-private.

#include <openssl/bn.h>

namespace cloister::crypto {

// A random modulus passes for one with probability below 2^-27.
bool HasRocaFingerprint(const BIGNUM* modulus);

}  // namespace cloister::crypto
