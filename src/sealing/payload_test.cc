// Payloads that no writer of ours makes: chunks sealed for any place, put together in any way.
#include "sealing/payload.h"

#include <gtest/gtest.h>

#include "sealing/age.h"
#include "sealing/age_stanza.h"
#include "sealing/sealing_for_test.h"

namespace cloister::sealing {
namespace {

// A well-formed header and nonce, and then the chunks that a test wants.
class OddFile {
 public:
  OddFile() {
    InsecureRngForTest rng(77);
    SecretBytes file_key(kFileKeyBytes);
    rng.Fill(file_key.mutable_view());
    const AgeStanza stanza = WrapFileKey(file_key, SpecIdentity().recipient(), rng).value();
    const Bytes nonce(kPayloadNonceBytes, 7);
    Append(bytes_, AsBytes(WriteAgeHeader({stanza}, file_key)));
    Append(bytes_, nonce);
    cipher_.emplace(PayloadKey(file_key, nonce));
  }
  OddFile& Chunk(std::uint64_t index, bool last, std::size_t size) {
    const Bytes plaintext(size, static_cast<std::uint8_t>('a' + index));
    Bytes sealed(size + kChunkTagBytes);
    cipher_->Seal({.index = index, .last = last}, plaintext, sealed);
    Append(bytes_, sealed);
    return *this;
  }
  OddFile& Garbage(std::size_t size) {
    Append(bytes_, Bytes(size, 0x55));
    return *this;
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  std::optional<ChunkCipher> cipher_;
};

// How many bytes came out of a file that is not in order.
std::size_t BytesBeforeFailure(const OddFile& file) {
  const AgeIdentity identity = SpecIdentity();
  MemorySink plaintext(1 << 24);
  const AgeOutcome outcome = TryOpenAge(file.bytes(), {.identities = {&identity, 1}}, plaintext);
  EXPECT_EQ(outcome.verdict, AgeVerdict::kPayloadFailure);
  EXPECT_FALSE(outcome.why.empty());
  EXPECT_EQ(OpenForTest(file.bytes(), identity, 2).plaintext.size(), plaintext.bytes().size());
  return plaintext.bytes().size();
}

TEST(Payload, OneThatIsInOrderOpens) {
  const AgeIdentity identity = SpecIdentity();
  const auto opened = OpenForTest(OddFile().Chunk(0, false, kChunkBytes).Chunk(1, true, 1).bytes(), identity);
  ASSERT_TRUE(opened.status);
  EXPECT_EQ(opened.plaintext.size(), kChunkBytes + 1);
}

TEST(Payload, WithoutALastChunkIsRefusedBehindWhatItHas) {
  EXPECT_EQ(BytesBeforeFailure(OddFile()), 0u);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, false, 10)), 0u) << "a short chunk can only be the last";
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, false, kChunkBytes)), kChunkBytes);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, false, kChunkBytes).Chunk(1, false, kChunkBytes)),
            2 * kChunkBytes);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, false, kChunkBytes).Chunk(1, false, 10)), kChunkBytes);
}

TEST(Payload, WithSomethingBehindTheLastChunkIsRefused) {
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, true, kChunkBytes).Garbage(1)), kChunkBytes);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, true, kChunkBytes).Garbage(100'000)), kChunkBytes);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, true, kChunkBytes).Chunk(1, true, 10)), kChunkBytes);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, true, kChunkBytes).Chunk(0, true, kChunkBytes)),
            kChunkBytes);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, true, 10).Garbage(1)), 0u) << "a tag elsewhere";
}

TEST(Payload, WithAnEmptyChunkBehindOthersIsRefused) {
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, false, kChunkBytes).Chunk(1, true, 0)), kChunkBytes);
  const AgeIdentity identity = SpecIdentity();
  EXPECT_TRUE(OpenForTest(OddFile().Chunk(0, true, 0).bytes(), identity).status) << "the empty file has one";
}

TEST(Payload, WithAWrongIndexIsRefused) {
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(1, true, 10)), 0u);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, false, kChunkBytes).Chunk(2, true, 10)), kChunkBytes);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, false, kChunkBytes).Chunk(0, true, 10)), kChunkBytes);
}

TEST(Payload, WithATagThatIsCutIsRefused) {
  EXPECT_EQ(BytesBeforeFailure(OddFile().Garbage(15)), 0u);
  EXPECT_EQ(BytesBeforeFailure(OddFile().Chunk(0, false, kChunkBytes).Garbage(15)), kChunkBytes);
}

TEST(PayloadBytes, CountsNonceTextAndTags) {
  EXPECT_EQ(PayloadBytes(0), 32u);
  EXPECT_EQ(PayloadBytes(65536), 65568u);
  EXPECT_EQ(PayloadBytes(65537), 65585u);
}

}  // namespace
}  // namespace cloister::sealing
