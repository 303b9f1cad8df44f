// docs/formats/vectors/sealed-object.json: made by another implementation, remade here byte by byte.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "codec/json.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "sealing/sealing_for_test.h"

namespace cloister::sealing {
namespace {

// Hands out what a vector names, in the order in which sealing draws it.
class ScriptedRng final : public Rng {
 public:
  void Add(std::string_view hex) { Append(script_, codec::HexDecode(hex).value()); }
  void Fill(std::span<std::uint8_t> out) override {
    CLOISTER_CHECK(out.size() <= script_.size());
    std::copy_n(script_.begin(), out.size(), out.begin());
    script_.erase(script_.begin(), script_.begin() + static_cast<std::ptrdiff_t>(out.size()));
  }

 private:
  Bytes script_;
};

std::string Text(const codec::JsonObject& object, std::string_view name) {
  return std::string(object.at(name).as_string());
}

Bytes Counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i % 251);
  return bytes;
}

void CheckCase(const codec::JsonObject& vector, int threads) {
  const auto identity = AgeIdentity::Parse(Text(vector, "identity"));
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->recipient().Text(), Text(vector, "recipient"));
  ScriptedRng rng;
  for (const char* name : {"file_key", "ephemeral_secret", "payload_nonce"}) rng.Add(Text(vector, name));
  const Bytes content = Counting(static_cast<std::size_t>(vector.at("plaintext_bytes").as_int64()));
  const SealedForTest sealed = SealForTest(content, identity->recipient(), rng, threads);
  EXPECT_TRUE(AsText(sealed.file).starts_with(Text(vector, "header")));
  EXPECT_EQ(codec::HexEncode(crypto::Sha256(sealed.file)), Text(vector, "file_sha256"));
  if (vector.contains("file_hex")) {
    EXPECT_EQ(codec::HexEncode(sealed.file), Text(vector, "file_hex"));
  }
  const auto& object = vector.at("object").as_object();
  EXPECT_EQ(codec::HexEncode(sealed.ref.header_digest), Text(object, "header_digest"));
  EXPECT_EQ(sealed.ref.length_bytes, static_cast<std::uint64_t>(object.at("length").as_int64()));
  EXPECT_EQ(codec::HexEncode(sealed.ref.root), Text(object, "root"));
  const auto opened = OpenObjectForTest(sealed.file, sealed.ref, *identity, threads);
  ASSERT_TRUE(opened) << opened.error().public_message;
  EXPECT_TRUE(*opened == content);
}

TEST(SealedObjectVectors, AreRemadeByteByByte) {
  std::ifstream in(CLOISTER_SOURCE_DIR "/docs/formats/vectors/sealed-object.json");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto document = codec::ParseJson(text);
  ASSERT_TRUE(document) << document.error().public_message;
  const auto& cases = document->as_object().at("cases").as_array();
  EXPECT_GE(cases.size(), 5u);
  for (const auto& vector : cases) {
    SCOPED_TRACE(Text(vector.as_object(), "name"));
    CheckCase(vector.as_object(), 1);
    CheckCase(vector.as_object(), 2);
  }
}

}  // namespace
}  // namespace cloister::sealing
