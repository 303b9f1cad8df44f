#pragma once

// Randomness as an argument. Only rng.cc reads the operating system's entropy.

#include <span>

#include "base/bytes.h"

namespace cloister {

class Rng {
 public:
  virtual ~Rng() = default;
  virtual void Fill(std::span<std::uint8_t> out) = 0;
};

// getrandom(2). Thread-safe. Stops the process if the kernel has no entropy to give.
class SystemRng final : public Rng {
 public:
  void Fill(std::span<std::uint8_t> out) override;
};

// A repeatable sequence (splitmix64 of the seed). The name is the warning: its bytes are no secret.
class InsecureRngForTest final : public Rng {
 public:
  explicit InsecureRngForTest(std::uint64_t seed) : state_(seed) {}
  void Fill(std::span<std::uint8_t> out) override;

 private:
  std::uint64_t state_;
};

}  // namespace cloister
