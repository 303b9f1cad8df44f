#include "crypto/prf_rng.h"

#include <gtest/gtest.h>

#include "codec/text.h"

namespace cloister::crypto {
namespace {

SecretBytes Key(std::uint8_t first) {
  SecretBytes key(kPrfKeyBytes);
  key.mutable_view()[0] = first;
  return key;
}

Bytes Take(const SecretBytes& key, std::string_view input, std::initializer_list<std::size_t> pieces) {
  PrfRng rng(key, AsBytes(input));
  Bytes all;
  for (const std::size_t size : pieces) {
    Bytes piece(size);
    rng.Fill(piece);
    all.insert(all.end(), piece.begin(), piece.end());
  }
  return all;
}

TEST(PrfRng, IsAFunctionOfKeyAndInput) {
  const Bytes bytes = Take(Key(1), "count:0/Basel", {64});
  EXPECT_EQ(bytes, Take(Key(1), "count:0/Basel", {64}));
  EXPECT_NE(bytes, Take(Key(1), "count:0/Berne", {64}));
  EXPECT_NE(bytes, Take(Key(2), "count:0/Basel", {64}));
}

TEST(PrfRng, GivesOneStreamHoweverItIsCut) {
  EXPECT_EQ(Take(Key(1), "x", {300}), Take(Key(1), "x", {1, 127, 1, 63, 108}));
}

// BLAKE2b-256 and ChaCha20 of another implementation: Python's hashlib.blake2b(b"count", key=bytes(32),
// digest_size=32) as the key of `openssl enc -chacha20` with a zero counter and nonce.
TEST(PrfRng, IsTheConstructionThatItsHeaderNames) {
  EXPECT_EQ(codec::HexEncode(Take(Key(0), "count", {32})),
            "86336a34095d79b8eab3fe6e84ac4c33af01b062a295903c5814089db7baad89");
}

}  // namespace
}  // namespace cloister::crypto
