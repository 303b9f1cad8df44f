#include "cloud/bucket_reader.h"

namespace cloister::cloud {
namespace {

bool IsPlain(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('\0') == std::string_view::npos;
}

}  // namespace

Status CheckObjectName(std::string_view bucket, std::string_view path) {
  if (!IsPlain(bucket) || bucket.find('/') != std::string_view::npos) {
    return InvalidArgument("a bucket has a plain name without a slash");
  }
  for (bool more = true; more;) {
    const std::size_t slash = path.find('/');
    if (!IsPlain(path.substr(0, slash))) return InvalidArgument("a bucket's path has plain names between its slashes");
    more = slash != std::string_view::npos;
    if (more) path.remove_prefix(slash + 1);
  }
  return {};
}

}  // namespace cloister::cloud
