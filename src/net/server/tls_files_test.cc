#include "net/server/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "crypto/tls_peer_for_test.h"

namespace cloister::net {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class TlsFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "tls-files-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    Put(authority_.Issue({}));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Put(const crypto::PemForTest& pem) {
    Write(paths().certificate, pem.certificate);
    Write(paths().key, pem.key);
  }
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
    chmod(path.c_str(), 0600);
  }
  TlsPaths paths() const { return {.certificate = folder_ + "/server.pem", .key = folder_ + "/server.key"}; }
  std::string Complaint() { return TlsFiles::Load(paths(), clock_).error().public_message; }

  crypto::AuthorityForTest authority_;
  FakeClock clock_;
  std::string folder_;
};

TEST_F(TlsFilesTest, ReadsThemAgainWhenTold) {
  const auto files = TlsFiles::Load(paths(), clock_).value();
  const auto before = files->identity();
  Put(authority_.Issue({}));
  EXPECT_EQ(files->identity(), before);
  EXPECT_TRUE(files->Reload());
  EXPECT_NE(files->identity()->fingerprint(), before->fingerprint());
}

TEST_F(TlsFilesTest, KeepsWhatItHasWhenTheNewOnesAreBroken) {
  const auto files = TlsFiles::Load(paths(), clock_).value();
  const auto before = files->identity();
  Write(paths().certificate, authority_.Issue({}).certificate);  // the key has not followed yet
  EXPECT_THAT(files->Reload().error().public_message, HasSubstr("does not belong"));
  Write(paths().certificate, "");
  EXPECT_THAT(files->Reload().error().public_message, HasSubstr("server.pem: there is no certificate"));
  std::filesystem::remove(paths().key);
  EXPECT_FALSE(files->Reload());
  EXPECT_EQ(files->identity(), before);
}

TEST_F(TlsFilesTest, NamesWhatCannotBeRead) {
  std::filesystem::remove(paths().key);
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("server.key: cannot be read"), HasSubstr("No such file")));
  std::filesystem::remove(paths().certificate);
  EXPECT_THAT(Complaint(), HasSubstr("server.pem: cannot be read"));
  std::filesystem::create_directory(paths().certificate);
  EXPECT_THAT(Complaint(), HasSubstr("server.pem: cannot be read"));
}

TEST_F(TlsFilesTest, RefusesAKeyForEverybody) {
  chmod(paths().key.c_str(), 0644);
  EXPECT_THAT(Complaint(), HasSubstr("everybody on this machine may read"));
  chmod(paths().key.c_str(), 0640);  // a group of servers, as Debian's ssl-cert
  EXPECT_TRUE(TlsFiles::Load(paths(), clock_));
  Write(paths().certificate, std::string(crypto::kTlsPemBytesMax + 1, 'x'));
  EXPECT_THAT(Complaint(), HasSubstr("too long"));
}

}  // namespace
}  // namespace cloister::net
