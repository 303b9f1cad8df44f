#include "sealing/payload_source.h"

#include <algorithm>
#include <optional>

#include "sealing/age_header.h"

namespace cloister::sealing {
namespace {

constexpr std::string_view kFileMark = "age-encryption.org/v1\n";

bool MayBecomeHeader(ByteView prefix) {
  const std::size_t size = std::min(prefix.size(), kFileMark.size());
  return AsText(prefix).substr(0, size) == kFileMark.substr(0, size);
}

}  // namespace

Result<Bytes> PayloadSource::ReadHeader() {
  Bytes header;
  std::optional<std::size_t> end;
  for (std::size_t searched = 0; !end; end = FindAgeHeaderEnd(header, searched)) {
    if (header.size() >= kAgeHeaderBytesMax) return InvalidArgument("an age header of more than 256 KiB");
    CLOISTER_ASSIGN(const std::size_t count, ReadSome(kept_));
    if (count == 0) return InvalidArgument("a file that ends before its age header does");
    Append(header, ByteView(kept_).first(count));
    if (!MayBecomeHeader(header)) {
      return InvalidArgument("not an age v1 file, which begins with 'age-encryption.org/v1'");
    }
  }
  // Before the last step there was no end, so what goes beyond it is what that step left in `kept_`.
  const auto beyond = ByteView(header).subspan(*end);
  std::copy(beyond.begin(), beyond.end(), kept_.begin());
  kept_begin_ = 0;
  kept_end_ = beyond.size();
  header.resize(*end);
  return header;
}

Result<std::size_t> PayloadSource::ReadSome(std::span<std::uint8_t> into) {
  CLOISTER_ASSIGN(const std::size_t count, source_.Read(into));
  read_bytes_ += count;
  return count;
}

Result<std::size_t> PayloadSource::Fill(std::span<std::uint8_t> into) {
  std::size_t filled = std::min(into.size(), kept_end_ - kept_begin_);
  std::copy_n(kept_.begin() + kept_begin_, filled, into.begin());
  kept_begin_ += filled;
  while (filled < into.size()) {
    CLOISTER_ASSIGN(const std::size_t count, ReadSome(into.subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

Result<bool> PayloadSource::AtEnd() {
  if (kept_begin_ < kept_end_) return false;
  CLOISTER_ASSIGN(const std::size_t count, ReadSome(std::span(kept_).first(1)));
  kept_begin_ = 0;
  kept_end_ = count;
  return count == 0;
}

}  // namespace cloister::sealing
