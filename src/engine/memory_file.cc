#include "engine/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/check.h"

namespace cloister::engine {

Result<MemoryFile> MemoryFile::Create() {
  MemoryFile file;
  file.descriptor_ = memfd_create("load", MFD_CLOEXEC);
  if (file.descriptor_ < 0) return Internal("the kernel gives no memory file");
  return file;
}

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(std::exchange(other.size_, 0)) {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  return *this;
}

Status MemoryFile::Append(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), size_);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return ResourceExhausted("not enough memory for the file being loaded");
    size_ += written;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

void MemoryFile::Clear() {
  CLOISTER_CHECK(ftruncate(descriptor_, 0) == 0);  // an own memfd cannot refuse it
  size_ = 0;
}

std::string MemoryFile::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

}  // namespace cloister::engine
