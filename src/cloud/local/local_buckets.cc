#include "cloud/local/local_buckets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/local/child_process.h"

namespace cloister::cloud {
namespace {

class LocalObject final : public BucketObject {
 public:
  LocalObject(Descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  std::uint64_t size_bytes() const override { return size_; }
  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    const ssize_t got = read(file_.get(), into.data(), into.size());
    if (got < 0) return Unavailable("the object cannot be read");
    return static_cast<std::size_t>(got);
  }

 private:
  Descriptor file_;
  std::uint64_t size_;
};

Error NoSuchObject() { return NotFound("there is no such object in the bucket"); }

// One step down, never through a link, never up.
Result<Descriptor> Enter(const Descriptor& folder, const std::string& name, int flags) {
  Descriptor next(openat(folder.get(), name.c_str(), flags | O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!next.valid()) return NoSuchObject();
  return next;
}

}  // namespace

Result<std::unique_ptr<BucketObject>> LocalBuckets::Open(std::string_view bucket, std::string_view path) {
  CLOISTER_TRY(CheckObjectName(bucket, path));
  Descriptor folder(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return Unavailable("the folder of the buckets cannot be opened");
  CLOISTER_ASSIGN(folder, Enter(folder, std::string(bucket), O_DIRECTORY));
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    CLOISTER_ASSIGN(folder, Enter(folder, std::string(path.substr(0, slash)), O_DIRECTORY));
    path.remove_prefix(slash + 1);
  }
  CLOISTER_ASSIGN(Descriptor file, Enter(folder, std::string(path), O_NONBLOCK));
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return NoSuchObject();
  return std::unique_ptr<BucketObject>(
      std::make_unique<LocalObject>(std::move(file), static_cast<std::uint64_t>(info.st_size)));
}

}  // namespace cloister::cloud
