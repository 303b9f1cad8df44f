// Files in, an identity or a sentence that names the file and the mend out.
#include "crypto/tls_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/tls_peer_for_test.h"

namespace cloister::crypto {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr Instant kNow{1'764'000'000'000};

class TlsIdentityTest : public testing::Test {
 protected:
  // "good", or what is wrong.
  static std::string Parse(std::string_view certificate, std::string_view key, Instant now = kNow) {
    const SecretBytes secret = SecretBytes::CopyOf(AsBytes(key));
    const auto identity = TlsIdentity::Parse({"server.pem", certificate, "server.key", secret}, now);
    if (identity) return "good";
    EXPECT_EQ(identity.error().code, Code::kInvalidArgument);
    return identity.error().public_message;
  }
  AuthorityForTest authority_;
};

TEST_F(TlsIdentityTest, TakesACertificateAndItsKey) {
  const PemForTest own = authority_.Issue({});
  EXPECT_EQ(Parse(own.certificate, own.key), "good");
  EXPECT_EQ(Parse(own.certificate + authority_.RootPem(), own.key), "good");
  EXPECT_EQ(Parse("words before the first block\n" + own.certificate, own.key), "good");
}

TEST_F(TlsIdentityTest, TellsWhenItEndsAndWhichItIs) {
  const auto one = IdentityForTest(authority_, {.to = {1'800'000'000'000}});
  const auto other = IdentityForTest(authority_);
  EXPECT_EQ(one->not_after(), (Instant{1'800'000'000'000}));
  EXPECT_NE(one->fingerprint(), other->fingerprint());
}

TEST_F(TlsIdentityTest, NamesTheFileThatIsNone) {
  const PemForTest own = authority_.Issue({});
  EXPECT_THAT(Parse("", own.key), AllOf(HasSubstr("server.pem"), HasSubstr("BEGIN CERTIFICATE")));
  EXPECT_THAT(Parse(own.key, own.key), HasSubstr("server.pem: there is no certificate"));
  EXPECT_THAT(Parse(own.certificate, ""), HasSubstr("server.key: there is no private key"));
  EXPECT_THAT(Parse(own.certificate, own.certificate), HasSubstr("server.key: there is no private key"));
  EXPECT_THAT(Parse(own.certificate.substr(0, 200), own.key), HasSubstr("server.pem"));
  std::string damaged = own.certificate + authority_.RootPem();
  damaged.replace(own.certificate.size() + 60, 8, "!!!!!!!!");
  EXPECT_THAT(Parse(damaged, own.key), HasSubstr("certificate 2 in it is damaged"));
  EXPECT_THAT(Parse(std::string(kTlsPemBytesMax + 1, 'x'), own.key), HasSubstr("too long"));
  EXPECT_THAT(Parse(own.certificate, std::string(kTlsPemBytesMax + 1, 'x')), HasSubstr("too long"));
}

TEST_F(TlsIdentityTest, BoundsTheChain) {
  const PemForTest own = authority_.Issue({});
  std::string chain = own.certificate;
  for (int i = 1; i < kTlsChainLengthMax; ++i) chain += authority_.RootPem();
  EXPECT_EQ(Parse(chain, own.key), "good");
  EXPECT_THAT(Parse(chain + authority_.RootPem(), own.key), HasSubstr("more than 8"));
}

TEST_F(TlsIdentityTest, RefusesAKeyOfAnotherCertificate) {
  const PemForTest own = authority_.Issue({});
  EXPECT_THAT(Parse(own.certificate, authority_.Issue({}).key), HasSubstr("does not belong"));
  // Two files in the wrong order: the first certificate is the root's.
  EXPECT_THAT(Parse(authority_.RootPem() + own.certificate, own.key), HasSubstr("does not belong"));
}

TEST_F(TlsIdentityTest, RefusesWhatNoClientWouldTake) {
  const PemForTest own = authority_.Issue({.from = {1'750'000'000'000}, .to = {1'780'000'000'000}});
  EXPECT_EQ(Parse(own.certificate, own.key), "good");
  EXPECT_EQ(Parse(own.certificate, own.key, {1'780'000'000'000}), "good");
  EXPECT_THAT(Parse(own.certificate, own.key, {1'780'000'000'001}), HasSubstr("ended at 2026-05-28T20:26:40Z"));
  EXPECT_THAT(Parse(own.certificate, own.key, {1'749'999'999'999}), HasSubstr("begins at 2025-06-15T15:06:40Z"));
  const PemForTest weak = authority_.Issue({.kind = "RSA1024"});
  EXPECT_THAT(Parse(weak.certificate, weak.key), HasSubstr("not fit for TLS 1.3"));
  EXPECT_THAT(Parse(own.certificate + weak.certificate, own.key), HasSubstr("certificate 2 in it is too weak"));
}

TEST_F(TlsIdentityTest, DoesNotWaitForAPassphrase) {
  const openssl::Key key(EVP_EC_gen("P-256"));
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  unsigned char passphrase[] = "secret";
  ASSERT_EQ(PEM_write_bio_PrivateKey(bio.get(), key.get(), EVP_aes_128_cbc(), passphrase, 6, nullptr, nullptr), 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  const std::string encrypted(bytes, static_cast<std::size_t>(size));
  EXPECT_THAT(Parse(authority_.Issue({}).certificate, encrypted), HasSubstr("server.key: the key is encrypted"));
}

}  // namespace
}  // namespace cloister::crypto
