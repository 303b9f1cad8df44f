#include "crypto/aead.h"

#include <gtest/gtest.h>

#include "codec/text.h"

namespace cloister::crypto {
namespace {

Bytes Hex(std::string_view text) { return codec::HexDecode(text).value(); }

// RFC 8439 section 2.8.2.
struct Example {
  Bytes key = Hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  Bytes nonce = Hex("070000004041424344454647");
  Bytes associated_data = Hex("50515253c0c1c2c3c4c5c6c7");
  Bytes plaintext = ToBytes(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
      "would be it.");
  Bytes sealed = Hex(
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
      "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
      "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691");
};

TEST(ChaCha20Poly1305, KnownValueAgainAndAgain) {
  const Example example;
  ChaCha20Poly1305 aead(example.key);
  for (int round = 0; round < 3; ++round) {
    Bytes sealed(example.sealed.size());
    aead.Seal(example.nonce, example.plaintext, example.associated_data, sealed);
    EXPECT_EQ(sealed, example.sealed);
    Bytes opened(example.plaintext.size());
    EXPECT_TRUE(aead.Open(example.nonce, sealed, example.associated_data, opened).has_value());
    EXPECT_EQ(opened, example.plaintext);
  }
}

TEST(ChaCha20Poly1305, WorksInPlaceAndAfterAMove) {
  const Example example;
  ChaCha20Poly1305 first(example.key);
  ChaCha20Poly1305 aead = std::move(first);
  Bytes buffer = example.plaintext;
  buffer.resize(example.sealed.size());
  const std::size_t size = example.plaintext.size();
  aead.Seal(example.nonce, ByteView(buffer).first(size), example.associated_data, buffer);
  EXPECT_EQ(buffer, example.sealed);
  EXPECT_TRUE(
      aead.Open(example.nonce, buffer, example.associated_data, std::span(buffer).first(size)).has_value());
  buffer.resize(size);
  EXPECT_EQ(buffer, example.plaintext);
}

TEST(ChaCha20Poly1305, AnyChangeIsRefusedAndLeavesNoPlaintext) {
  const Example example;
  ChaCha20Poly1305 aead(example.key);
  for (std::size_t i = 0; i < example.sealed.size(); ++i) {
    Bytes changed = example.sealed;
    changed[i] ^= 1;
    Bytes opened(example.plaintext.size(), 0xff);
    const Status status = aead.Open(example.nonce, changed, example.associated_data, opened);
    ASSERT_FALSE(status.has_value()) << "byte " << i;
    EXPECT_EQ(status.error().code, Code::kVerificationFailed);
    EXPECT_EQ(opened, Bytes(opened.size()));
  }
  Bytes opened(example.plaintext.size());
  EXPECT_FALSE(aead.Open(example.nonce, example.sealed, {}, opened).has_value());
  EXPECT_FALSE(aead.Open(Bytes(12), example.sealed, example.associated_data, opened).has_value());
  // A failure does not poison the next message.
  EXPECT_TRUE(aead.Open(example.nonce, example.sealed, example.associated_data, opened).has_value());
}

TEST(ChaCha20Poly1305, SealsNothingAtAll) {
  ChaCha20Poly1305 aead(Bytes(32, 1));
  const Bytes nonce(12);
  Bytes sealed(16), none;
  aead.Seal(nonce, {}, {}, sealed);
  EXPECT_TRUE(aead.Open(nonce, sealed, {}, none).has_value());
  sealed[0] ^= 1;
  EXPECT_FALSE(aead.Open(nonce, sealed, {}, none).has_value());
  EXPECT_FALSE(aead.Open(nonce, Bytes(15), {}, none).has_value());
}

TEST(ChaCha20Poly1305DeathTest, WrongSizesAreOurOwnMistake) {
  Bytes out(16);
  EXPECT_DEATH(ChaCha20Poly1305(Bytes(31)), "broken invariant");
  EXPECT_DEATH(ChaCha20Poly1305(Bytes(32)).Seal(Bytes(11), {}, {}, out), "broken invariant");
  EXPECT_DEATH(ChaCha20Poly1305(Bytes(32)).Seal(Bytes(12), Bytes(1), {}, out), "broken invariant");
}

}  // namespace
}  // namespace cloister::crypto
