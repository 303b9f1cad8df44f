#include "base/rng.h"

#include <errno.h>
#include <sys/random.h>

#include "base/check.h"

namespace cloister {

void SystemRng::Fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    CLOISTER_CHECK(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

void InsecureRngForTest::Fill(std::span<std::uint8_t> out) {
  for (auto& byte : out) {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    byte = static_cast<std::uint8_t>((z ^ z >> 31) & 0xff);
  }
}

}  // namespace cloister
