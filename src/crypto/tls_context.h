#pragma once

// What the files of TLS share about OpenSSL. Room-private.

#include <openssl/ssl.h>

#include "crypto/openssl.h"
#include "crypto/tls_identity.h"

namespace cloister::crypto {

namespace openssl {
using TlsContext = std::unique_ptr<SSL_CTX, Freeing<SSL_CTX_free>>;
using TlsConnection = std::unique_ptr<SSL, Freeing<SSL_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Bio = std::unique_ptr<BIO, Freeing<BIO_free_all>>;
}  // namespace openssl

struct TlsIdentity::State {
  openssl::TlsContext context;
  Instant not_after;
  Digest256 fingerprint{};
};

}  // namespace cloister::crypto
