#pragma once

// What a server shows to its clients over TLS 1.3 (RFC 8446): its certificate with those of the authorities between it
// and the root, and the private key that belongs to it. The type proves that they belong together and that the
// certificate holds at the time of parsing; whoever has one can serve with it.
//
//   CLOISTER_ASSIGN(auto identity, TlsIdentity::Parse({.certificate = {"server.pem", pem}, .key = {"server.key", ...}},
//                                                     clock.Now()));
//
// Immutable and thread-safe; shared by every connection that began under it, however often the files change later.

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace cloister::crypto {

inline constexpr std::size_t kTlsPemBytesMax = 64 << 10;  // of each file
inline constexpr int kTlsChainLengthMax = 8;              // certificates in it

// Files in PEM (RFC 7468). The names stand in errors, so that whoever reads one knows which file to mend.
struct TlsIdentityFiles {
  std::string_view certificate_name;  // "/etc/cloister/server.pem"
  std::string_view certificate;       // the server's own first, then what signed it
  std::string_view key_name;
  const SecretBytes& key;             // one, not encrypted
};

class TlsEngine;

class TlsIdentity {
 public:
  // kInvalidArgument with file and mend: no or broken PEM, an encrypted key, a key of another certificate, a
  // certificate that has ended or not begun, a key too weak for TLS.
  static Result<std::shared_ptr<const TlsIdentity>> Parse(const TlsIdentityFiles& files, Instant now);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  // Of the server's own certificate: the last moment at which it holds, and SHA-256 of its DER, by which people tell
  // certificates apart.
  Instant not_after() const;
  const Digest256& fingerprint() const;

 private:
  friend class TlsEngine;
  struct State;
  explicit TlsIdentity(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cloister::crypto
