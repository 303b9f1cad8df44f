#pragma once

// Key material: locked into memory where the kernel lets us, kept out of core files, wiped when it goes away.
//
// Move-only, so that a key has one place. Not comparable and not printable. `view()` is for the crypto room;
// others pass the object on. Thread-compatible.

#include <cstddef>
#include <utility>

#include "base/bytes.h"

namespace cloister {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size);  // zeroes
  // Copies and wipes the source.
  static SecretBytes TakeFrom(Bytes& source);
  static SecretBytes CopyOf(ByteView source);

  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();

  ByteView view() const { return {data_, size_}; }
  std::span<std::uint8_t> mutable_view() { return {data_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  SecretBytes Clone() const { return CopyOf(view()); }

 private:
  void Release();

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
};

// Overwrites memory so that the compiler may not leave it out.
void Wipe(std::span<std::uint8_t> memory);
void Wipe(std::string& text);

}  // namespace cloister
