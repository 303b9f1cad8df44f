#pragma once

// Room for plaintext in transit: pages of its own, given to the process only when touched, left out of core
// files, and returned to the kernel (which never hands them on unwiped) when the buffer goes. Not locked into
// memory: key material needs what little a process may lock.

#include <sys/mman.h>

#include <cstdint>
#include <span>

#include "base/check.h"

namespace cloister::sealing {

class PageBuffer {
 public:
  explicit PageBuffer(std::size_t size) : size_(size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CLOISTER_CHECK(memory != MAP_FAILED);
    data_ = static_cast<std::uint8_t*>(memory);
    (void)madvise(data_, size_, MADV_DONTDUMP);
  }
  ~PageBuffer() { munmap(data_, size_); }
  PageBuffer(const PageBuffer&) = delete;
  PageBuffer& operator=(const PageBuffer&) = delete;

  std::span<std::uint8_t> At(std::size_t offset, std::size_t size) const {
    CLOISTER_CHECK(offset <= size_ && size <= size_ - offset);
    return {data_ + offset, size};
  }

 private:
  std::size_t size_;
  std::uint8_t* data_ = nullptr;
};

}  // namespace cloister::sealing
