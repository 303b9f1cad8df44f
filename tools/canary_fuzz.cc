// A planted bug. `./dev fuzz` runs this target first: a fuzzing set-up that cannot find it cannot be believed
// when it finds nothing elsewhere. The bug needs a length, a magic and a checksum, as the parsers' own would.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8 || data[0] != 'c' || data[1] != 'l' || data[2] != 'o') return 0;
  if (data[3] != size) return 0;
  unsigned sum = 0;
  for (std::size_t i = 4; i < size; ++i) sum += data[i];
  if (sum % 16 != 7) return 0;
  std::fputs("the canary sang\n", stderr);
  std::abort();
}
