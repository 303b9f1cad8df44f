#pragma once

// Port: where sealed bytes lie. What a store holds is ciphertext, and nobody believes it: whoever opens an object checks
// it against a reference. A store therefore promises durability and whole-or-nothing, and no secrecy.
//
// Adapters: MemoryBlobStore beside this file, cloud/local (a directory), cloud/gcp (a bucket). Thread-safe, all of them.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sealing/byte_stream.h"

namespace cloister::sealing {

// A name that no adapter can misread as a path elsewhere: 1 to 8 segments joined by '/', each of 1 to 64 characters
// a-z 0-9 _ - . and never beginning with a dot.  "datasets/ds_01jd.../object", "uploads/up_01jd.../00017"
class BlobName {
 public:
  static constexpr std::size_t kSegmentsMax = 8;
  static constexpr std::size_t kSegmentCharsMax = 64;
  static Result<BlobName> Parse(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const BlobName&) const = default;

 private:
  explicit BlobName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct BlobRange {
  std::uint64_t offset_bytes = 0;
  std::uint64_t length_bytes = ~std::uint64_t{0};  // as far as the blob goes
};

// A blob in the making. Nobody sees it before Commit(); one that is dropped uncommitted leaves nothing behind.
class BlobWriter : public ByteSink {
 public:
  // Durable, and under its name in one step, in place of what was there. Once, and nothing after it.
  virtual Status Commit() = 0;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // kResourceExhausted, here or from Write, as soon as the blob has more than `bytes_max` or the store is full.
  virtual Result<std::unique_ptr<BlobWriter>> Create(const BlobName& name, std::uint64_t bytes_max) = 0;
  // The blob as it was committed last; a later commit or removal does not disturb the source. kNotFound; kInvalidArgument
  // for an offset beyond its end.
  virtual Result<std::unique_ptr<ByteSource>> Open(const BlobName& name, const BlobRange& range = {}) = 0;
  // In bytes. kNotFound.
  virtual Result<std::uint64_t> Size(const BlobName& name) = 0;
  // Durable. kNotFound, so that removing twice can be told from removing.
  virtual Status Delete(const BlobName& name) = 0;

  // The parts in order as one blob: an upload whose parts came in any order. The parts stay. kNotFound names the first
  // part that is missing.
  virtual Status Compose(std::span<const BlobName> parts, const BlobName& whole, std::uint64_t bytes_max);
};

}  // namespace cloister::sealing
