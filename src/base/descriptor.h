#pragma once

// Owns a file descriptor of the kernel and closes it on the way out. Moves, never copies. Not thread-safe.

#include <utility>

namespace cloister {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}  // -1, as open(2) fails, owns nothing
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  // Where a failure to close matters, such as after the last write: false then, with errno.
  bool Close();

 private:
  int fd_ = -1;
};

}  // namespace cloister
