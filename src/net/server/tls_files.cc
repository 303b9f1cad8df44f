#include "net/server/tls_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"

namespace cloister::net {
namespace {

// Not blocked by a pipe that somebody put in the place of a file.
Descriptor Open(const std::string& path) { return Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)); }

Error Unreadable(const std::string& path) {
  return InvalidArgument(path + ": cannot be read (" + std::strerror(errno) + ")");
}

// Up to one byte more than a file may have, so that a longer one is seen as such by whoever parses it.
Result<SecretBytes> ReadOpen(const Descriptor& file, const std::string& path) {
  SecretBytes text(crypto::kTlsPemBytesMax + 1);
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = read(file.get(), text.mutable_view().data() + filled, text.size() - filled);
    if (got < 0) return Unreadable(path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return SecretBytes::CopyOf(text.view().first(filled));
}

Result<SecretBytes> ReadCertificate(const std::string& path) {
  const Descriptor file = Open(path);
  if (!file.valid()) return Unreadable(path);
  return ReadOpen(file, path);
}

Result<SecretBytes> ReadKey(const std::string& path) {
  const Descriptor file = Open(path);
  struct stat about {};
  if (!file.valid() || fstat(file.get(), &about) != 0) return Unreadable(path);
  if ((about.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return InvalidArgument(path + ": everybody on this machine may read or write the key; chmod o-rw it");
  }
  return ReadOpen(file, path);
}

}  // namespace

Result<std::unique_ptr<TlsFiles>> TlsFiles::Load(TlsPaths paths, const Clock& clock) {
  std::unique_ptr<TlsFiles> files(new TlsFiles(std::move(paths), clock));
  CLOISTER_TRY(files->Reload());
  return files;
}

Status TlsFiles::Reload() {
  CLOISTER_ASSIGN(const SecretBytes certificate, ReadCertificate(paths_.certificate));
  CLOISTER_ASSIGN(const SecretBytes key, ReadKey(paths_.key));
  const crypto::TlsIdentityFiles files{.certificate_name = paths_.certificate,
                                       .certificate = AsText(certificate.view()),
                                       .key_name = paths_.key,
                                       .key = key};
  CLOISTER_ASSIGN(auto identity, crypto::TlsIdentity::Parse(files, clock_.Now()));
  const MutexLock lock(mutex_);
  identity_ = std::move(identity);
  return {};
}

std::shared_ptr<const crypto::TlsIdentity> TlsFiles::identity() const {
  const MutexLock lock(mutex_);
  return identity_;
}

}  // namespace cloister::net
