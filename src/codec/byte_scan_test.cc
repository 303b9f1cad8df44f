#include "codec/byte_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/rng.h"

namespace cloister::codec {
namespace {

TEST(ByteScan, CountsAsOneByOne) {
  InsecureRngForTest rng(1);
  for (int round = 0; round < 500; ++round) {
    ByteArray<61> bytes{};
    rng.Fill(bytes);
    for (auto& byte : bytes) byte = round % 2 == 0 ? static_cast<std::uint8_t>(byte % 4) : byte;
    const std::string_view text = AsText(ByteView(bytes)).substr(static_cast<std::size_t>(round % 9));
    for (const char wanted : {'\0', '\1', '\n', '"', '\x80', '\xff'}) {
      EXPECT_EQ(CountByte(text, wanted), static_cast<std::size_t>(std::count(text.begin(), text.end(), wanted)));
    }
  }
}

TEST(ByteScan, FindsEveryPlaceOfAByteBeyondAscii) {
  for (std::size_t size = 0; size < 20; ++size) {
    std::string text(size, '\x7f');
    EXPECT_TRUE(IsAscii(text));
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = '\x80';
      EXPECT_FALSE(IsAscii(text)) << size << " " << at;
      text[at] = '\x7f';
    }
  }
}

}  // namespace
}  // namespace cloister::codec
