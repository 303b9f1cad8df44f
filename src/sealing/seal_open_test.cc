// The two ends of a sealed object against each other, and everything that may happen to it in between.
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "sealing/age.h"
#include "sealing/age_header.h"
#include "sealing/payload.h"
#include "sealing/sealing_for_test.h"

namespace cloister::sealing {
namespace {

constexpr std::size_t kBatchBytes = 8 * kChunkBytes;

class SealOpen : public ::testing::TestWithParam<int> {
 protected:
  const AgeIdentity identity_ = SpecIdentity();
  InsecureRngForTest rng_{42};

  SealedForTest Seal(ByteView content) {
    return SealForTest(content, identity_.recipient(), rng_, GetParam());
  }
};
INSTANTIATE_TEST_SUITE_P(Threads, SealOpen, ::testing::Values(1, 2));

TEST_P(SealOpen, GivesBackContentOfEverySizeAroundChunksBatchesAndRings) {
  for (const std::size_t around : {std::size_t{0}, kChunkBytes, 2 * kChunkBytes, kBatchBytes, 2 * kBatchBytes,
                                   4 * kBatchBytes, 5 * kBatchBytes, 6 * kBatchBytes, 10 * kBatchBytes}) {
    for (int off = around == 0 ? 0 : -1; off <= 1; ++off) {
      const std::size_t size = around + static_cast<std::size_t>(off);
      SCOPED_TRACE(size);
      const Bytes content = ContentForTest(size);
      const SealedForTest sealed = Seal(content);
      EXPECT_EQ(sealed.ref.length_bytes, sealed.file.size());
      const std::size_t header_bytes = sealed.file.size() - PayloadBytes(size);
      EXPECT_EQ(sealed.ref.header_digest, crypto::Sha256(ByteView(sealed.file).first(header_bytes)));
      const auto opened = OpenObjectForTest(sealed.file, sealed.ref, identity_, GetParam());
      ASSERT_TRUE(opened) << opened.error().public_message;
      EXPECT_TRUE(*opened == content);
      EXPECT_TRUE(OpenForTest(sealed.file, identity_, GetParam()).plaintext == content);
    }
  }
}

TEST_P(SealOpen, PiecesOfAnySizeMakeTheSameFile) {
  const Bytes content = ContentForTest(3 * kBatchBytes + 17);
  InsecureRngForTest same_rng(42);
  const SealedForTest whole = Seal(content);
  const AgeRecipient recipient = identity_.recipient();
  MemorySink file(1 << 24);
  auto writer = SealWriter::Start(
      {.recipients = {&recipient, 1}, .rng = same_rng, .sink = file, .threads = GetParam()});
  ASSERT_TRUE(writer);
  std::size_t step = 1;
  for (ByteView rest = content; !rest.empty(); step = step * 3 % 200'003) {
    const std::size_t count = std::min(step, rest.size());
    ASSERT_TRUE(writer->Write(rest.first(count)));
    rest = rest.subspan(count);
  }
  EXPECT_EQ(writer->Finish().value(), whole.ref);
  EXPECT_TRUE(file.bytes() == whole.file);
}

TEST_P(SealOpen, ASourceThatDribblesIsReadAllTheSame) {
  const Bytes content = ContentForTest(2 * kBatchBytes + 1);
  const SealedForTest sealed = Seal(content);
  for (const std::size_t step : {997, 65552, 100'000}) {
    DribblingSource source(sealed.file, step);
    const auto opened = OpenObjectForTest(source, sealed.ref, identity_, GetParam());
    ASSERT_TRUE(opened) << opened.error().public_message;
    EXPECT_TRUE(*opened == content);
  }
}

TEST_P(SealOpen, ASourceThatFailsIsReportedAsItIs) {
  const SealedForTest sealed = Seal(ContentForTest(3 * kBatchBytes));
  for (const std::size_t until : {std::size_t{10}, std::size_t{210}, kBatchBytes, 2 * kBatchBytes + 5}) {
    DribblingSource source(sealed.file, 1 << 16, until);
    const auto opened = OpenObjectForTest(source, sealed.ref, identity_, GetParam());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::kUnavailable);
  }
}

TEST_P(SealOpen, AFullSinkEndsTheWriterForGood) {
  const AgeRecipient recipient = identity_.recipient();
  MemorySink file(100'000);
  auto writer = SealWriter::Start(
      {.recipients = {&recipient, 1}, .rng = rng_, .sink = file, .threads = GetParam()});
  ASSERT_TRUE(writer);
  Status status;
  for (int i = 0; i < 100 && status; ++i) status = writer->Write(Bytes(kChunkBytes));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kResourceExhausted);
  EXPECT_FALSE(writer->Write(Bytes(1)));
  EXPECT_FALSE(writer->Reserve());
  EXPECT_FALSE(writer->Finish());
}

TEST_P(SealOpen, AWriterThatIsDroppedHalfwayLeavesAFileThatNobodyTakes) {
  const AgeRecipient recipient = identity_.recipient();
  MemorySink file(1 << 24);
  {
    auto writer = SealWriter::Start(
      {.recipients = {&recipient, 1}, .rng = rng_, .sink = file, .threads = GetParam()});
    ASSERT_TRUE(writer && writer->Write(ContentForTest(7 * kBatchBytes)));
  }
  EXPECT_FALSE(OpenForTest(file.bytes(), identity_, GetParam()).status);
}

TEST_P(SealOpen, AReaderMayBeDroppedHalfway) {
  const SealedForTest sealed = Seal(ContentForTest(7 * kBatchBytes));
  MemorySource source(sealed.file);
  auto reader = AgeReader::Start({.source = source, .identities = {&identity_, 1}, .threads = GetParam()});
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->Next().value().size(), kBatchBytes);
}

TEST_P(SealOpen, ACutFileIsRefusedAndNeverGivesMoreThanWhatItHad) {
  const Bytes content = ContentForTest(2 * kChunkBytes + 100);
  const SealedForTest sealed = Seal(content);
  const std::size_t chunks_begin = sealed.file.size() - PayloadBytes(content.size()) + kPayloadNonceBytes;
  for (const std::size_t size :
       {chunks_begin, chunks_begin + 1, chunks_begin + kSealedChunkBytes - 1,
        chunks_begin + kSealedChunkBytes, chunks_begin + kSealedChunkBytes + 15,
        chunks_begin + 2 * kSealedChunkBytes, sealed.file.size() - 1}) {
    SCOPED_TRACE(size);
    const auto opened = OpenForTest(ByteView(sealed.file).first(size), identity_, GetParam());
    EXPECT_FALSE(opened.status);
    EXPECT_TRUE(std::equal(opened.plaintext.begin(), opened.plaintext.end(), content.begin()));
    EXPECT_LE(opened.plaintext.size(), size - chunks_begin);
  }
}

TEST_P(SealOpen, ChunksThatChangedPlacesAreRefused) {
  const Bytes content = ContentForTest(12 * kChunkBytes + 5);
  const SealedForTest sealed = Seal(content);
  const std::size_t first = sealed.file.size() - PayloadBytes(content.size()) + kPayloadNonceBytes;
  Bytes swapped = sealed.file;
  std::swap_ranges(swapped.begin() + static_cast<std::ptrdiff_t>(first + 9 * kSealedChunkBytes),
                   swapped.begin() + static_cast<std::ptrdiff_t>(first + 10 * kSealedChunkBytes),
                   swapped.begin() + static_cast<std::ptrdiff_t>(first + 10 * kSealedChunkBytes));
  const auto opened = OpenForTest(swapped, identity_, GetParam());
  ASSERT_FALSE(opened.status);
  EXPECT_EQ(opened.status.error().code, Code::kVerificationFailed);
  EXPECT_EQ(opened.plaintext.size(), 9 * kChunkBytes) << "what stands before the swap is in order";

  Bytes doubled = sealed.file;
  doubled.insert(doubled.end(), sealed.file.end() - 21, sealed.file.end());
  EXPECT_FALSE(OpenForTest(doubled, identity_, GetParam()).status) << "the last chunk twice";
}

TEST(SealedObject, EveryCutOfASmallFileIsRefused) {
  const AgeIdentity identity = SpecIdentity();
  InsecureRngForTest rng(5);
  const SealedForTest sealed = SealForTest(AsBytes("a small file"), identity.recipient(), rng);
  for (std::size_t size = 0; size < sealed.file.size(); ++size) {
    const ByteView cut = ByteView(sealed.file).first(size);
    EXPECT_FALSE(OpenForTest(cut, identity).status) << size;
    EXPECT_TRUE(OpenForTest(cut, identity).plaintext.empty()) << size;
    EXPECT_FALSE(OpenObjectForTest(cut, sealed.ref, identity)) << size;
  }
}

TEST(SealedObject, EveryFlippedBitOfASmallFileIsNoticed) {
  const AgeIdentity identity = SpecIdentity();
  InsecureRngForTest rng(6);
  const SealedForTest sealed = SealForTest(AsBytes("a small file"), identity.recipient(), rng);
  for (std::size_t bit = 0; bit < sealed.file.size() * 8; ++bit) {
    Bytes flipped = sealed.file;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(OpenForTest(flipped, identity).status) << bit;
    EXPECT_FALSE(OpenObjectForTest(flipped, sealed.ref, identity)) << bit;
  }
}

TEST(SealedObject, BytesBehindTheEndAreRefused) {
  const AgeIdentity identity = SpecIdentity();
  InsecureRngForTest rng(8);
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, kChunkBytes, kBatchBytes}) {
    SealedForTest sealed = SealForTest(ContentForTest(size), identity.recipient(), rng);
    sealed.file.push_back(0);
    EXPECT_FALSE(OpenForTest(sealed.file, identity).status);
    const auto opened = OpenObjectForTest(sealed.file, sealed.ref, identity);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().public_message, "the sealed file is longer than the one that was promised");
  }
}

// The sealer, and each recipient, knows the file key and can put another payload under a header that
// verifies. The age format cannot tell; the reference can.
TEST(SealedObject, AnotherPayloadUnderTheSameHeaderIsRefusedByTheRoot) {
  // The same file key and ephemeral key, by the same randomness, for two contents of one length.
  const AgeIdentity identity = SpecIdentity();
  for (const std::size_t size : {std::size_t{12}, 3 * kBatchBytes}) {
    InsecureRngForTest rng(9);
    InsecureRngForTest same_rng(9);
    Bytes other_content = ContentForTest(size);
    other_content[size / 2] ^= 1;
    const SealedForTest promised = SealForTest(ContentForTest(size), identity.recipient(), rng);
    const SealedForTest other = SealForTest(other_content, identity.recipient(), same_rng);
    ASSERT_EQ(other.ref.header_digest, promised.ref.header_digest);
    ASSERT_EQ(other.ref.length_bytes, promised.ref.length_bytes);
    EXPECT_TRUE(OpenForTest(other.file, identity).status) << "the format alone is content with it";
    const auto opened = OpenObjectForTest(other.file, promised.ref, identity);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::kVerificationFailed);
  }
}

TEST(SealedObject, AnotherHeaderIsRefusedBeforeAnythingIsOpened) {
  const AgeIdentity identity = SpecIdentity();
  InsecureRngForTest rng(10);
  const SealedForTest promised = SealForTest(ContentForTest(5), identity.recipient(), rng);
  const SealedForTest other = SealForTest(ContentForTest(5), identity.recipient(), rng);
  MemorySource source(other.file);
  const auto reader = OpenReader::Start(promised.ref, {.source = source, .identities = {&identity, 1}});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().public_message, "another age header than the one that was promised");
}

TEST(SealedObject, AnotherLengthThanPromisedIsRefused) {
  const AgeIdentity identity = SpecIdentity();
  InsecureRngForTest rng(11);
  const SealedForTest sealed = SealForTest(ContentForTest(5 * kBatchBytes), identity.recipient(), rng);
  SealedObjectRef shorter = sealed.ref;
  shorter.length_bytes = kBatchBytes;
  MemorySource source(sealed.file);
  auto reader = OpenReader::Start(shorter, {.source = source, .identities = {&identity, 1}});
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader->NextProvisional()) << "refused as soon as it is too long, not at its end";
  SealedObjectRef longer = sealed.ref;
  longer.length_bytes += 1;
  EXPECT_FALSE(OpenObjectForTest(sealed.file, longer, identity));
}

TEST(SealedObject, IsVerifiedOnlyAtItsEnd) {
  const AgeIdentity identity = SpecIdentity();
  InsecureRngForTest rng(12);
  const SealedForTest sealed = SealForTest(ContentForTest(10), identity.recipient(), rng);
  MemorySource source(sealed.file);
  auto reader = OpenReader::Start(sealed.ref, {.source = source, .identities = {&identity, 1}});
  ASSERT_TRUE(reader);
  ASSERT_EQ(reader->NextProvisional().value().size(), 10u);
  auto too_early = std::move(*reader).Finish();
  ASSERT_FALSE(too_early);
  EXPECT_EQ(too_early.error().code, Code::kFailedPrecondition);
  ASSERT_TRUE(reader->NextProvisional().value().empty());
  const auto proof = std::move(*reader).Finish();
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->ref(), sealed.ref);
  EXPECT_EQ(proof->plaintext_bytes(), 10u);
}

TEST(SealedObject, EachRecipientOpensItAndNobodyElse) {
  InsecureRngForTest rng(13);
  const AgeIdentity first = AgeIdentity::Generate(rng);
  const AgeIdentity second = AgeIdentity::Generate(rng);
  const AgeRecipient recipients[] = {first.recipient(), second.recipient()};
  const Bytes file = SealBytes(AsBytes("for two"), recipients, rng).value();
  EXPECT_EQ(AsText(OpenBytes(file, first, 100).value()), "for two");
  EXPECT_EQ(AsText(OpenSecret(file, second, 100).value().view()), "for two");
  const auto stranger = OpenBytes(file, AgeIdentity::Generate(rng), 100);
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, Code::kPermissionDenied);
  EXPECT_EQ(OpenBytes(file, first, 6).error().code, Code::kResourceExhausted);
}

TEST(SealedObject, TwoFilesShareNoKeyMaterial) {
  const AgeIdentity identity = SpecIdentity();
  InsecureRngForTest rng(14);
  const SealedForTest one = SealForTest(AsBytes("same"), identity.recipient(), rng);
  const SealedForTest two = SealForTest(AsBytes("same"), identity.recipient(), rng);
  EXPECT_NE(one.ref.header_digest, two.ref.header_digest);
  EXPECT_NE(one.ref.root, two.ref.root);
}

TEST(SealedObject, NobodyAndTooManyAreNoRecipients) {
  InsecureRngForTest rng(15);
  EXPECT_FALSE(SealBytes({}, {}, rng));
  const std::vector<AgeRecipient> crowd(kAgeRecipientsMax + 1, SpecIdentity().recipient());
  EXPECT_FALSE(SealBytes({}, crowd, rng));
  const std::vector<AgeRecipient> most(kAgeRecipientsMax, SpecIdentity().recipient());
  const auto file = SealBytes(AsBytes("x"), most, rng);
  ASSERT_TRUE(file);
  EXPECT_EQ(AsText(OpenBytes(*file, SpecIdentity(), 1).value()), "x");
}

TEST(SealedObject, AHeaderWithoutEndIsRefusedAtItsBound) {
  Bytes file = ToBytes("age-encryption.org/v1\n");
  while (file.size() < 2 * kAgeHeaderBytesMax) Append(file, AsBytes("-> grease\n\n"));
  DribblingSource source(file, 4096, kAgeHeaderBytesMax + 4096);
  const AgeIdentity identity = SpecIdentity();
  const auto reader = AgeReader::Start({.source = source, .identities = {&identity, 1}});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().public_message, "an age header of more than 256 KiB");
}

TEST(SealedObject, WhatIsNoAgeFileIsRefusedAtItsFirstBytes) {
  const Bytes file = ToBytes("PK\x03\x04" + std::string(100'000, 'x'));
  DribblingSource source(file, 1, 1);
  const AgeIdentity identity = SpecIdentity();
  const auto reader = AgeReader::Start({.source = source, .identities = {&identity, 1}});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace cloister::sealing
