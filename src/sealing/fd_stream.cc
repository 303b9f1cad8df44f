#include "sealing/fd_stream.h"

#include <errno.h>
#include <unistd.h>

#include <system_error>

namespace cloister::sealing {
namespace {

Error SystemError(std::string_view doing, int number) {
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return {full ? Code::kResourceExhausted : Code::kUnavailable,
          std::string(doing) + " failed: " + std::generic_category().message(number)};
}

}  // namespace

Result<std::size_t> FdSource::Read(std::span<std::uint8_t> into) {
  while (true) {
    const ssize_t count = read(fd_, into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return SystemError("reading", errno);
  }
}

Status FdSink::Write(ByteView piece) {
  while (!piece.empty()) {
    const ssize_t count = write(fd_, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("writing", errno);
    piece = piece.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace cloister::sealing
