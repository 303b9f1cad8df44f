#include "crypto/roca.h"

namespace cloister::crypto {
namespace {

constexpr BN_ULONG kGenerator = 65537;
// The odd primes that divide M for every key size.
constexpr BN_ULONG kPrimes[] = {3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};

bool IsPowerOfGenerator(BN_ULONG value, BN_ULONG prime) {
  BN_ULONG power = 1;
  do {
    if (power == value) return true;
    power = power * (kGenerator % prime) % prime;
  } while (power != 1);
  return false;
}

}  // namespace

bool HasRocaFingerprint(const BIGNUM* modulus) {
  for (const BN_ULONG prime : kPrimes) {
    if (!IsPowerOfGenerator(BN_mod_word(modulus, prime), prime)) return false;
  }
  return true;
}

}  // namespace cloister::crypto
