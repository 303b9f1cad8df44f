#include "cli/record_file.h"

#include <algorithm>

#include "codec/csv.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kBlockBytes = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

Result<RecordFile> RecordFile::Open(const std::filesystem::path& path, RecordFraming framing) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return NotFound("there is no file " + path.string());
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Error{Code::kPermissionDenied, "cannot read " + path.string()};
  return RecordFile(std::move(stream), framing);
}

bool RecordFile::ReadMore() {
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kBlockBytes);
  stream_.read(buffer_.data() + before, kBlockBytes);
  buffer_.resize(before + static_cast<std::size_t>(stream_.gcount()));
  return buffer_.size() > before;
}

Result<std::string_view> RecordFile::Next() {
  first_line_ += std::count(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_), '\n');
  buffer_.erase(0, taken_);
  taken_ = 0;
  for (bool more = buffer_.empty() ? ReadMore() : true; !buffer_.empty(); more = ReadMore()) {
    const std::size_t end = framing_ == RecordFraming::kCsv ? codec::LastRecordEnd(buffer_) : buffer_.rfind('\n') + 1;
    if (end > 0) {
      taken_ = end;
      break;
    }
    if (!more) {  // the last record has no line end
      taken_ = buffer_.size();
      break;
    }
    if (buffer_.size() > kRecordBytesMax) {
      return InvalidArgument("line " + std::to_string(first_line_) + ": the record that begins here is longer than " +
                             std::to_string(kRecordBytesMax) + " bytes; a quote that is not closed makes one");
    }
  }
  done_bytes_ += taken_;
  return std::string_view(buffer_).substr(0, taken_);
}

std::int64_t LineAt(std::string_view block, std::int64_t first_line, std::size_t offset) {
  return first_line + std::ranges::count(block.substr(0, offset), '\n');
}

std::string_view WithoutByteOrderMark(std::string_view block, bool first_of_file) {
  return first_of_file && block.starts_with(kByteOrderMark) ? block.substr(kByteOrderMark.size()) : block;
}

}  // namespace cloister::cli
