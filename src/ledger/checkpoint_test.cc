#include "ledger/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agreement/people_for_test.h"
#include "codec/text.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using ::testing::HasSubstr;

const EnvironmentId kEnvironment = people::Environment();
const LedgerPoint kPoint{.size = 1234, .root = people::DigestOf("root")};

const crypto::Ed25519Signer& Key() {
  static const crypto::Ed25519Signer key = people::SignerFrom("checkpoint key");
  return key;
}
std::string Note() { return SignCheckpoint(Key(), kEnvironment, kPoint).value(); }
Result<VerifiedCheckpoint> Verified(std::string_view note) {
  return VerifyCheckpoint(note, kEnvironment, Key().public_key());
}
std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(Checkpoint, IsASignedNoteOfThreeLines) {
  EXPECT_THAT(Note(),
              ::testing::StartsWith("cloister/" + kEnvironment.str() + "\n1234\n" + codec::Base64Encode(kPoint.root) +
                                    "\n\n\xE2\x80\x94 cloister/" + kEnvironment.str() + " "));
  const auto verified = Verified(Note());
  ASSERT_TRUE(verified.has_value());
  EXPECT_EQ(verified->point(), kPoint);
  EXPECT_EQ(verified->note(), Note());
  EXPECT_EQ(PeekCheckpoint(Note())->point, kPoint);
}

TEST(Checkpoint, OfAnotherKeyOrEnvironmentIsRefused) {
  EXPECT_EQ(Verified(SignCheckpoint(people::SignerFrom("host"), kEnvironment, kPoint).value()).error().public_message,
            "the checkpoint is not signed by the enclave's checkpoint key");
  EXPECT_THAT(VerifyCheckpoint(Note(), people::Environment('2'), Key().public_key()).error().public_message,
              HasSubstr("another environment"));
}

TEST(Checkpoint, ThatWasChangedIsRefused) {
  EXPECT_EQ(Verified(Replaced(Note(), "1234", "1235")).error().code, Code::kVerificationFailed);
  const std::string other = SignCheckpoint(Key(), kEnvironment, {.size = 1234}).value();
  const std::string mixed = Note().substr(0, Note().find("\n\n")) + other.substr(other.find("\n\n"));
  EXPECT_EQ(Verified(mixed).error().code, Code::kVerificationFailed);
}

TEST(Checkpoint, SignaturesOfWitnessesAreIgnored) {
  const std::string cosigned = Note() + "\xE2\x80\x94 witness.example/w1 " + codec::Base64Encode(Bytes(76, 7)) + "\n";
  EXPECT_EQ(Verified(cosigned)->point(), kPoint);
  const std::string before = Note().substr(0, Note().find("\n\n") + 2) + "\xE2\x80\x94 w " +
                             codec::Base64Encode(Bytes(5, 7)) + "\n" + Note().substr(Note().find("\n\n") + 2);
  EXPECT_EQ(Verified(before)->point(), kPoint);
}

TEST(Checkpoint, ASecondLineOfTheKnownKeyMustHoldToo) {
  std::string line = Note().substr(Note().find("\n\n") + 2);
  EXPECT_TRUE(Verified(Note() + line).has_value());
  const std::size_t at = line.rfind('=') == line.npos ? line.size() - 6 : line.size() - 10;
  line[at] = line[at] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(Verified(Note() + line).has_value());
}

TEST(Checkpoint, HasOneForm) {
  const std::string note = Note();
  const std::string body = note.substr(0, note.find("\n\n"));
  const std::string signatures = note.substr(note.find("\n\n") + 2);
  for (const std::string& bad : {std::string(),
                                 std::string("\n\n"),
                                 body,
                                 body + "\n\n",
                                 body + "\n" + signatures,
                                 note.substr(0, note.size() - 1),
                                 note + "\n",
                                 note + "x\n",
                                 Replaced(note, "1234", "01234"),
                                 Replaced(note, "1234", "+1234"),
                                 Replaced(note, "1234", "0"),
                                 Replaced(note, "1234", "99999999999999999999"),
                                 Replaced(note, "1234", "12 34"),
                                 Replaced(note, "cloister/", "cloister/x"),
                                 Replaced(note, "cloister/", "other/"),
                                 Replaced(note, "\n\n", "\nextension\n\n"),
                                 Replaced(note, "=\n", "\n"),
                                 Replaced(note, "\n1234", "\r\n1234"),
                                 Replaced(note, "\xE2\x80\x94 ", "- "),
                                 std::string(kCheckpointBytesMax + 1, 'x'),
                                 note + std::string(1, '\0')}) {
    EXPECT_FALSE(Verified(bad).has_value()) << bad;
  }
}

TEST(Checkpoint, SignatureLinesAreBounded) {
  std::string note = Note();
  for (std::size_t i = 1; i < kCheckpointSignaturesMax; ++i)
    note += "\xE2\x80\x94 w " + codec::Base64Encode(Bytes(8, 1)) + "\n";
  EXPECT_TRUE(Verified(note).has_value());
  note += "\xE2\x80\x94 w " + codec::Base64Encode(Bytes(8, 1)) + "\n";
  EXPECT_THAT(Verified(note).error().public_message, HasSubstr("must not have more than 64 signatures"));
}

}  // namespace
}  // namespace cloister::ledger
