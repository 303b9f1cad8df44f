#pragma once

// Port: a place outside where owners leave files for the server to fetch, addressed as object stores do it: a bucket
// and a path in it. Thread-safe.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace cloister::cloud {

// kInvalidArgument for what names no object: no name, `.`, `..` or a zero byte between slashes, a bucket with a slash.
Status CheckObjectName(std::string_view bucket, std::string_view path);

class BucketObject {
 public:
  virtual ~BucketObject() = default;
  virtual std::uint64_t size_bytes() const = 0;
  // Fills the front of `into` and says how much; 0 is the end.
  virtual Result<std::size_t> Read(std::span<std::uint8_t> into) = 0;
};

class BucketReader {
 public:
  virtual ~BucketReader() = default;
  // kNotFound when there is no such object; otherwise as CheckObjectName().
  virtual Result<std::unique_ptr<BucketObject>> Open(std::string_view bucket, std::string_view path) = 0;
};

}  // namespace cloister::cloud
