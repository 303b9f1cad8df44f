#include "cloud/local/local_sealer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "cloud/local/child_process.h"
#include "sealing/age_identity.h"

namespace cloister::cloud {
namespace {

constexpr std::size_t kSealerBytesMax = 4096;

Result<SecretBytes> MakeSealer(const std::string& path, Rng& rng) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return Unavailable("the sealer file cannot be made");
  SecretBytes text = sealing::AgeIdentity::Generate(rng).SecretText();
  const ByteView bytes = text.view();
  const bool written = write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
                       write(file.get(), "\n", 1) == 1 && fsync(file.get()) == 0;
  if (!written) {
    unlink(path.c_str());
    return Unavailable("the sealer file cannot be written");
  }
  return text;
}

}  // namespace

Result<SecretBytes> LoadOrMakeSealer(const std::string& path, Rng& rng) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) {
    if (errno == ENOENT) return MakeSealer(path, rng);
    return Unavailable("the sealer file cannot be read");
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return Unavailable("the sealer file is no file");
  if ((info.st_mode & 0077) != 0 || info.st_uid != geteuid()) {
    return Error{Code::kPermissionDenied, "the sealer file must be readable for its owner alone: chmod 600"};
  }
  SecretBytes text(kSealerBytesMax);
  const ssize_t got = read(file.get(), text.mutable_view().data(), kSealerBytesMax);
  if (got <= 0) return Unavailable("the sealer file cannot be read");
  ByteView line = text.view().first(static_cast<std::size_t>(got));
  if (line.back() == '\n') line = line.first(line.size() - 1);
  if (!sealing::AgeIdentity::Parse(AsText(line))) return InvalidArgument("the sealer file must hold one age identity");
  return SecretBytes::CopyOf(line);
}

}  // namespace cloister::cloud
