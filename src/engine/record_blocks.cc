#include "engine/record_blocks.h"

#include <algorithm>
#include <cstring>

#include "codec/byte_scan.h"
#include "codec/csv.h"
#include "engine/load.h"

namespace cloister::engine {

std::int64_t RecordBlock::LineAt(std::size_t offset) const {
  return first_line + static_cast<std::int64_t>(codec::CountByte(text().substr(0, offset), '\n'));
}

// Fills the block up to `wanted` bytes, fewer only at the end of the source.
Status RecordBlocks::Read(RecordBlock& block, std::size_t wanted) {
  if (block.storage.size() < wanted) block.storage.resize(wanted);
  while (block.size < wanted && !at_end_) {
    CLOISTER_ASSIGN(const std::size_t count,
                    source_.Read({block.storage.data() + block.size, wanted - block.size}));
    block.size += count;
    bytes_read_ += static_cast<std::int64_t>(count);
    at_end_ = count == 0;
    if (bytes_read_ > bytes_max_) return InvalidArgument("the file is longer than its manifest says");
  }
  return {};
}

std::size_t RecordBlocks::WholeRecords(const RecordBlock& block) const {
  if (at_end_) return block.size;
  if (framing_ == RecordFraming::kCsv) return codec::LastRecordEnd(block.text());
  const std::size_t line_feed = block.text().rfind('\n');
  return line_feed == std::string_view::npos ? 0 : line_feed + 1;
}

Result<bool> RecordBlocks::Next(RecordBlock& block) {
  MutexLock lock(mutex_);
  if (failed_) return false;
  failed_ = true;  // until this block is whole
  block.index = next_index_;
  block.size = carry_.size();
  if (block.storage.size() < block.size) block.storage.resize(block.size);
  if (!carry_.empty()) std::memcpy(block.storage.data(), carry_.data(), carry_.size());
  carry_.clear();

  std::size_t whole = 0;
  for (std::size_t wanted = kBlockBytes; whole == 0; wanted *= 2) {
    CLOISTER_TRY(Read(block, std::max(wanted, block.size)));
    whole = WholeRecords(block);
    if (at_end_) break;
    if (whole == 0 && block.size >= kRecordBytesMax) {
      return InvalidArgument(
          "the record that begins in line " + std::to_string(next_line_) +
          " is longer than 8 MiB; in CSV, look there for a double quote that is never closed");
    }
  }
  const std::string_view rest = block.text().substr(whole);
  carry_.assign(rest.begin(), rest.end());
  block.size = whole;
  failed_ = false;
  if (whole == 0) return false;
  ++next_index_;
  block.first_line = next_line_;
  next_line_ = block.LineAt(block.size);
  return true;
}

}  // namespace cloister::engine
