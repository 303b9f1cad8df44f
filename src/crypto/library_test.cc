#include "crypto/library.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "crypto/digest.h"

namespace cloister::crypto {
namespace {

// Under this configuration OpenSSL has no algorithm at all.
void NameAHostileConfiguration() {
  const std::string path = ::testing::TempDir() + "cloister_hostile_openssl.cnf";
  std::ofstream(path) << "openssl_conf = init\n[init]\nproviders = list\n[list]\nnull = none\n"
                         "[none]\nactivate = 1\n";
  setenv("OPENSSL_CONF", path.c_str(), 1);
}

// Each statement runs in a process of its own, in which OpenSSL has not been used yet.
TEST(StartLibraryDeathTest, KeepsTheHostsConfigurationOut) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        NameAHostileConfiguration();
        Sha256(ByteView());
      },
      "broken invariant");
  EXPECT_EXIT(
      {
        NameAHostileConfiguration();
        StartLibrary();
        StartLibrary();  // a second time changes nothing
        std::exit(Sha256(AsBytes("abc"))[0] == 0xba ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace cloister::crypto
