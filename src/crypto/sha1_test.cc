#include "crypto/sha1.h"

#include <gtest/gtest.h>

#include "codec/text.h"

namespace cloister::crypto {
namespace {

TEST(Sha1Test, IsTheOneOfTheStandard) {
  EXPECT_EQ(codec::HexEncode(Sha1(AsBytes(std::string_view("abc")))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(codec::HexEncode(Sha1({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

}  // namespace
}  // namespace cloister::crypto
