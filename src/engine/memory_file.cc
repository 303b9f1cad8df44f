#include "engine/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/check.h"

namespace cloister::engine {

Status MemoryFile::Create() {
  CLOISTER_CHECK(descriptor_ < 0);
  descriptor_ = memfd_create("load", MFD_CLOEXEC);
  if (descriptor_ < 0) return Internal("the kernel gives no memory file");
  return {};
}

MemoryFile::~MemoryFile() {
  WaitForClear();
  if (descriptor_ >= 0) close(descriptor_);
}

Status MemoryFile::Append(ByteView bytes) {
  WaitForClear();
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
  WaitForClear();
  if (std::exchange(size_, 0) <= kClearedAtOnceBytesMax) return GiveBackPages();
  clearing_ = std::thread([this] { GiveBackPages(); });
}

void MemoryFile::GiveBackPages() const {
  CLOISTER_CHECK(ftruncate(descriptor_, 0) == 0);  // an own memfd cannot refuse it
}

void MemoryFile::WaitForClear() {
  if (clearing_.joinable()) clearing_.join();
}

std::string MemoryFile::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

}  // namespace cloister::engine
