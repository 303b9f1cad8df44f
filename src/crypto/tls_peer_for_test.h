#pragma once

// The other side of TLS for tests: a root of our own with certificates under it, made anew in each process, and a
// client over bytes that trusts this root. Links OpenSSL directly, as tests of whoever speaks TLS must.

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <optional>
#include <string>

#include "crypto/tls_context.h"
#include "crypto/tls_engine.h"

namespace cloister::crypto {

struct PemForTest {
  std::string certificate;
  std::string key;
};

struct CertificateForTest {
  std::string name = "localhost";
  Instant from = {1'700'000'000'000};  // 2023
  Instant to = {4'000'000'000'000};    // 2096
  const char* kind = "P-256";          // or "RSA1024", which nobody should serve with
};

class AuthorityForTest {
 public:
  AuthorityForTest() : key_(EVP_EC_gen("P-256")), root_(Make({.name = "test root"}, key_.get(), true)) {}

  PemForTest Issue(const CertificateForTest& wanted) const {
    const bool weak = std::string_view(wanted.kind) == "RSA1024";
    const openssl::Key key(weak ? EVP_RSA_gen(1024) : EVP_EC_gen(wanted.kind));
    const openssl::Certificate certificate = Make(wanted, key.get(), false);
    const openssl::Bio key_pem(BIO_new(BIO_s_mem()));
    CLOISTER_CHECK(PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return {.certificate = Pem(certificate.get()), .key = Text(key_pem.get())};
  }
  std::string RootPem() const { return Pem(root_.get()); }
  X509* root() const { return root_.get(); }

 private:
  static std::string Text(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }
  static std::string Pem(X509* certificate) {
    const openssl::Bio bio(BIO_new(BIO_s_mem()));
    CLOISTER_CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
    return Text(bio.get());
  }
  static void Extend(X509* certificate, int what, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    CLOISTER_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }
  openssl::Certificate Make(const CertificateForTest& wanted, EVP_PKEY* key, bool root) const {
    openssl::Certificate made(X509_new());
    X509* raw = made.get();
    static int serial = 0;
    X509_set_version(raw, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial);
    ASN1_TIME_set(X509_getm_notBefore(raw), wanted.from.unix_ms / 1000);
    ASN1_TIME_set(X509_getm_notAfter(raw), wanted.to.unix_ms / 1000);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wanted.name.c_str()), -1, -1, 0);
    X509_set_issuer_name(raw, X509_get_subject_name(root ? raw : root_.get()));
    X509_set_pubkey(raw, key);
    Extend(raw, NID_basic_constraints, root ? "critical,CA:TRUE" : "CA:FALSE");
    if (!root) Extend(raw, NID_subject_alt_name, "DNS:" + wanted.name + ",IP:127.0.0.1");
    CLOISTER_CHECK(X509_sign(raw, key_.get(), EVP_sha256()) > 0);
    return made;
  }

  openssl::Key key_;
  openssl::Certificate root_;
};

// An identity that holds at any time a test runs.
inline std::shared_ptr<const TlsIdentity> IdentityForTest(const AuthorityForTest& authority,
                                                          const CertificateForTest& wanted = {}) {
  const PemForTest pem = authority.Issue(wanted);
  const SecretBytes key = SecretBytes::CopyOf(AsBytes(pem.key));
  return TlsIdentity::Parse({"server.pem", pem.certificate, "server.key", key}, {1'764'000'000'000}).value();
}

class TlsClientForTest {
 public:
  struct Options {
    int version = TLS1_3_VERSION;
    std::string protocol = "http/1.1";  // of ALPN; empty: none is offered
    std::string name = "localhost";     // whom the certificate must name
  };
  TlsClientForTest(const AuthorityForTest& authority, const Options& options)
      : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), options.version);
    SSL_CTX_set_max_proto_version(context_.get(), options.version);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority.root());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    connection_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(connection_.get(), in_, out_);
    SSL_set_connect_state(connection_.get());
    SSL_set1_host(connection_.get(), options.name.c_str());
    SSL_set_tlsext_host_name(connection_.get(), options.name.c_str());
    if (options.protocol.empty()) return;
    const std::string offered = static_cast<char>(options.protocol.size()) + options.protocol;
    SSL_set_alpn_protos(connection_.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                        static_cast<unsigned>(offered.size()));
  }

  void Feed(ByteView bytes) { BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())); }
  // What the client wants sent; gone from here afterwards.
  Bytes TakeOutput() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out_, &bytes);
    Bytes taken(bytes, bytes + size);
    (void)BIO_reset(out_);
    return taken;
  }
  // True when the handshake is over; call it again after each Feed.
  bool Handshake() {
    const openssl::QuietErrors quiet;
    const int returned = SSL_do_handshake(connection_.get());
    if (returned != 1 && SSL_get_error(connection_.get(), returned) != SSL_ERROR_WANT_READ) failed_ = true;
    return returned == 1;
  }
  bool failed() const { return failed_; }
  void Write(std::string_view text) {
    SSL_write(connection_.get(), text.data(), static_cast<int>(text.size()));
  }
  // What can be read of what was fed; absent: the server said close_notify, or the connection broke.
  std::optional<std::string> Read() {
    const openssl::QuietErrors quiet;
    std::string text(kTlsRecordBytesMax, '\0');
    const int got = SSL_read(connection_.get(), text.data(), static_cast<int>(text.size()));
    if (got > 0) return text.substr(0, static_cast<std::size_t>(got));
    if (SSL_get_error(connection_.get(), got) == SSL_ERROR_WANT_READ) return "";
    return std::nullopt;
  }
  void Close() { SSL_shutdown(connection_.get()); }
  void UpdateKeys() { SSL_key_update(connection_.get(), SSL_KEY_UPDATE_REQUESTED); }
  SSL* raw() { return connection_.get(); }
  std::string Protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(connection_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

 private:
  openssl::TlsContext context_;
  openssl::TlsConnection connection_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  bool failed_ = false;
};

}  // namespace cloister::crypto
