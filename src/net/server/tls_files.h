#pragma once

// A server's certificate and key as the two files that an operator, or a program such as certbot, writes and renews.
//
//   CLOISTER_ASSIGN(auto files, TlsFiles::Load({.certificate = "server.pem", .key = "server.key"}, clock));
//   services.tls = [&files] { return files->identity(); };
//   files->Reload();   // on SIGHUP
//
// Thread-safe.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "crypto/tls_identity.h"

namespace cloister::net {

struct TlsPaths {
  std::string certificate;
  std::string key;
};

class TlsFiles {
 public:
  // `clock` must outlive it. kInvalidArgument with file and mend: what TlsIdentity::Parse says, a file that cannot be
  // read, a key that everybody on the machine may read.
  static Result<std::unique_ptr<TlsFiles>> Load(TlsPaths paths, const Clock& clock);

  // Reads both again. After an Error the identity is the one from before: a half-written file ends nobody's service.
  Status Reload() CLOISTER_EXCLUDES(mutex_);
  std::shared_ptr<const crypto::TlsIdentity> identity() const CLOISTER_EXCLUDES(mutex_);

 private:
  TlsFiles(TlsPaths paths, const Clock& clock) : paths_(std::move(paths)), clock_(clock) {}

  const TlsPaths paths_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::shared_ptr<const crypto::TlsIdentity> identity_ CLOISTER_GUARDED_BY(mutex_);
};

}  // namespace cloister::net
