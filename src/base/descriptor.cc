#include "base/descriptor.h"

#include <unistd.h>

namespace cloister {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    (void)Close();
    fd_ = other.Release();
  }
  return *this;
}

Descriptor::~Descriptor() { (void)Close(); }

bool Descriptor::Close() { return fd_ < 0 || close(Release()) == 0; }

}  // namespace cloister
