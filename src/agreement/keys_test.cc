#include "agreement/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "codec/text.h"

namespace cloister::agreement {
namespace {

SecretBytes EnvironmentKey() { return SecretBytes::CopyOf(Bytes(kEnvironmentKeyBytes, 0x0b)); }
std::string Hex(const SecretBytes& secret) { return codec::HexEncode(secret.view()); }

TEST(Keys, NoTwoPurposesShareOne) {
  const SecretBytes key = EnvironmentKey();
  const std::set<std::string> keys = {Hex(DatasetIdentitySecret(key, "a")), Hex(DatasetIdentitySecret(key, "b")),
                                      Hex(StateIdentitySecret(key)), Hex(LedgerSealKey(key)), Hex(NoiseKey(key))};
  EXPECT_EQ(keys.size(), 5u);
}

// Computed with Python's hmac and hashlib: HKDF-SHA-256, salt "cloister/v1", info as the format says.
TEST(Keys, AreTheFormatsOwn) {
  const SecretBytes key = EnvironmentKey();
  EXPECT_EQ(Hex(LedgerSealKey(key)), "9d2e50835cebc1ff967962d913ceb09976dd5d0d5ca8cf336bb496a6008d2fc5");
  EXPECT_EQ(Hex(StateIdentitySecret(key)), "d953871bc186a36c7233e821262f61362eb0d8f69dfcc24691d5ea3fa15cb410");
  EXPECT_EQ(Hex(DatasetIdentitySecret(key, "t")), "c4e7f234e407d0143d3ee8895033a58349f03fb686eabf3a4f052e152a45d252");
}

}  // namespace
}  // namespace cloister::agreement
