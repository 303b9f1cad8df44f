#include "base/secret_bytes.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"

namespace cloister {
namespace {

std::size_t RoundToPages(std::size_t size) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

}  // namespace

// Pages of its own: mlock and MADV_DONTDUMP work on pages, and a page shared with other allocations would be
// unlocked or dumped with them.
SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  mapped_ = RoundToPages(size);
  void* memory = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CLOISTER_CHECK(memory != MAP_FAILED);
  data_ = static_cast<std::uint8_t*>(memory);
  (void)mlock(data_, mapped_);  // a low RLIMIT_MEMLOCK is the host's choice; wiping and no dump still hold
  (void)madvise(data_, mapped_, MADV_DONTDUMP);
}

SecretBytes SecretBytes::CopyOf(ByteView source) {
  SecretBytes copy(source.size());
  if (!source.empty()) std::memcpy(copy.data_, source.data(), source.size());
  return copy;
}

SecretBytes SecretBytes::TakeFrom(Bytes& source) {
  SecretBytes taken = CopyOf(source);
  Wipe(source);
  source.clear();
  return taken;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    Release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    mapped_ = std::exchange(other.mapped_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() { Release(); }

void SecretBytes::Release() {
  if (data_ == nullptr) return;
  Wipe({data_, mapped_});
  munmap(data_, mapped_);
  data_ = nullptr;
}

void Wipe(std::span<std::uint8_t> memory) {
  if (!memory.empty()) explicit_bzero(memory.data(), memory.size());
}

void Wipe(std::string& text) {
  if (!text.empty()) explicit_bzero(text.data(), text.size());
  text.clear();
}

}  // namespace cloister
