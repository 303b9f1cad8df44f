#include "crypto/tls_identity.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <vector>

#include "crypto/digest.h"
#include "crypto/tls_context.h"

namespace cloister::crypto {
namespace {

// Of RFC 8446 section 4.2.7 those that every client has and that cost a server little.
constexpr const char* kGroups = "X25519:P-256:P-384";
// RFC 7301: the protocol as its length and its name.
constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// A key behind a passphrase would make the server wait for somebody to type it.
int RefusePassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Error Unusable(std::string_view file, std::string_view why) {
  return InvalidArgument(std::string(file) + ": " + std::string(why));
}

openssl::Bio View(ByteView bytes) {
  const void* data = bytes.empty() ? "" : static_cast<const void*>(bytes.data());  // the library takes no null
  openssl::Bio bio(BIO_new_mem_buf(data, static_cast<int>(bytes.size())));
  CLOISTER_CHECK(bio != nullptr);
  return bio;
}

Result<std::vector<openssl::Certificate>> ReadChain(const TlsIdentityFiles& files) {
  if (files.certificate.size() > kTlsPemBytesMax) return Unusable(files.certificate_name, "too long for a certificate");
  const openssl::Bio bio = View(AsBytes(files.certificate));
  std::vector<openssl::Certificate> chain;
  while (openssl::Certificate next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (chain.size() == kTlsChainLengthMax) return Unusable(files.certificate_name, "more than 8 certificates");
    chain.push_back(std::move(next));
  }
  // The end of the file is one error of its own kind; anything else is a block that is no certificate.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (chain.empty()) {
    return Unusable(files.certificate_name,
                    "there is no certificate in it; it must hold the server's certificate as PEM "
                    "(-----BEGIN CERTIFICATE-----), followed by those of its authorities");
  }
  if (!at_end) {
    return Unusable(files.certificate_name, "certificate " + std::to_string(chain.size() + 1) +
                                                " in it is damaged; write the file anew");
  }
  return chain;
}

Result<openssl::Key> ReadKey(const TlsIdentityFiles& files) {
  if (files.key.size() > kTlsPemBytesMax) return Unusable(files.key_name, "too long for a private key");
  const openssl::Bio bio = View(files.key.view());
  bool encrypted = false;
  openssl::Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &RefusePassphrase, &encrypted));
  if (encrypted) {
    return Unusable(files.key_name,
                    "the key is encrypted, and nobody is there to type its passphrase; decrypt it with "
                    "`openssl pkey -in FILE -out PLAIN` and keep the result readable to the server alone");
  }
  if (key == nullptr) {
    return Unusable(files.key_name,
                    "there is no private key in it; it must hold one as PEM (-----BEGIN PRIVATE KEY-----)");
  }
  return key;
}

Result<Instant> ReadTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return InvalidArgument("the time in it cannot be read");
  return Instant{static_cast<std::int64_t>(timegm(&parts)) * 1000};
}

// What is not yet or no longer valid would be refused by every client, one by one and far from whoever can mend it.
Status CheckTime(X509* certificate, std::string_view file, Instant now) {
  CLOISTER_ASSIGN(const Instant from, ReadTime(X509_get0_notBefore(certificate)));
  CLOISTER_ASSIGN(const Instant to, ReadTime(X509_get0_notAfter(certificate)));
  if (now > to) return Unusable(file, "the certificate ended at " + FormatRfc3339(to) + "; renew it");
  if (now < from) {
    return Unusable(file, "the certificate begins at " + FormatRfc3339(from) + "; wait, or set this machine's clock");
  }
  return {};
}

int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                   unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(&found, chosen_size, kHttp11, sizeof kHttp11, offered, offered_size);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// TLS 1.3 and nothing that it allows beside: no resumption (a ticket's key would outlive the connection), no early data
// (which can be replayed), no certificates of clients.
openssl::TlsContext MakeContext() {
  CLOISTER_CHECK(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1);
  openssl::TlsContext context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* raw = context.get();
  CLOISTER_CHECK(raw != nullptr);
  CLOISTER_CHECK(SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) == 1);
  CLOISTER_CHECK(SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION) == 1);
  CLOISTER_CHECK(SSL_CTX_set1_groups_list(raw, kGroups) == 1);
  CLOISTER_CHECK(SSL_CTX_set_num_tickets(raw, 0) == 1);
  CLOISTER_CHECK(SSL_CTX_set_max_early_data(raw, 0) == 1);
  CLOISTER_CHECK(SSL_CTX_set_recv_max_early_data(raw, 0) == 1);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_alpn_select_cb(raw, &ChooseProtocol, nullptr);
  return context;
}

Digest256 Fingerprint(X509* certificate) {
  Bytes der(static_cast<std::size_t>(i2d_X509(certificate, nullptr)));
  unsigned char* at = der.data();
  CLOISTER_CHECK(i2d_X509(certificate, &at) == static_cast<int>(der.size()));
  return Sha256(der);
}

}  // namespace

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::Parse(const TlsIdentityFiles& files, Instant now) {
  const openssl::QuietErrors quiet;
  CLOISTER_ASSIGN(const auto chain, ReadChain(files));
  CLOISTER_ASSIGN(const openssl::Key key, ReadKey(files));
  X509* own = chain.front().get();
  CLOISTER_TRY(CheckTime(own, files.certificate_name, now));
  if (X509_check_private_key(own, key.get()) != 1) {
    return Unusable(files.key_name, "the key does not belong to the first certificate in " +
                                        std::string(files.certificate_name) +
                                        "; name the key that its request was made with, and put the server's own "
                                        "certificate before those of its authorities");
  }
  auto state = std::make_unique<State>();
  state->context = MakeContext();
  if (SSL_CTX_use_certificate(state->context.get(), own) != 1 ||
      SSL_CTX_use_PrivateKey(state->context.get(), key.get()) != 1) {
    return Unusable(files.certificate_name,
                    "the certificate's key is not fit for TLS 1.3; take P-256, Ed25519, or RSA of 2048 bits or more");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(state->context.get(), chain[i].get()) == 1) continue;
    return Unusable(files.certificate_name, "certificate " + std::to_string(i + 1) +
                                                " in it is too weak for TLS; ask its authority for another");
  }
  CLOISTER_ASSIGN(state->not_after, ReadTime(X509_get0_notAfter(own)));
  state->fingerprint = Fingerprint(own);
  return std::shared_ptr<const TlsIdentity>(new TlsIdentity(std::move(state)));
}

TlsIdentity::TlsIdentity(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsIdentity::~TlsIdentity() = default;
Instant TlsIdentity::not_after() const { return state_->not_after; }
const Digest256& TlsIdentity::fingerprint() const { return state_->fingerprint; }

}  // namespace cloister::crypto
