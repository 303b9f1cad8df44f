#include "sealing/blob_store.h"

#include <algorithm>
#include <vector>

namespace cloister::sealing {
namespace {

constexpr std::size_t kCopyBytes = 256 << 10;

bool IsSegment(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= BlobName::kSegmentCharsMax && text[0] != '.' &&
         std::all_of(text.begin(), text.end(), allowed);
}

Status Copy(ByteSource& from, ByteSink& to, std::span<std::uint8_t> buffer) {
  while (true) {
    CLOISTER_ASSIGN(const std::size_t count, from.Read(buffer));
    if (count == 0) return {};
    CLOISTER_TRY(to.Write(buffer.first(count)));
  }
}

}  // namespace

Result<BlobName> BlobName::Parse(std::string_view text) {
  std::size_t segments = 0;
  for (std::string_view rest = text;;) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    if (!IsSegment(rest.substr(0, end)) || ++segments > kSegmentsMax) {
      return InvalidArgument("a blob's name has 1 to 8 segments of a-z 0-9 _ - . that do not begin with a dot");
    }
    if (end == rest.size()) return BlobName(std::string(text));
    rest.remove_prefix(end + 1);
  }
}

Status BlobStore::Compose(std::span<const BlobName> parts, const BlobName& whole, std::uint64_t bytes_max) {
  CLOISTER_ASSIGN(const auto writer, Create(whole, bytes_max));
  Bytes buffer(kCopyBytes);
  for (const BlobName& part : parts) {
    CLOISTER_ASSIGN(const auto source, Open(part));
    CLOISTER_TRY(Copy(*source, *writer, buffer));
  }
  return writer->Commit();
}

}  // namespace cloister::sealing
