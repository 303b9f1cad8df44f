#include "sealing/age_identity.h"

#include <gtest/gtest.h>

#include "sealing/bech32.h"
#include "sealing/sealing_for_test.h"

namespace cloister::sealing {
namespace {

TEST(AgeIdentity, TheSpecificationsExampleHasTheRecipientItNames) {
  const AgeIdentity identity = SpecIdentity();
  EXPECT_EQ(identity.recipient().Text(), kSpecRecipient);
  EXPECT_EQ(AsText(identity.SecretText().view()), kSpecIdentity);
  EXPECT_EQ(AgeRecipient::Parse(kSpecRecipient).value(), identity.recipient());
}

TEST(AgeIdentity, AGeneratedOneIsReadBackFromItsText) {
  InsecureRngForTest rng(1);
  const AgeIdentity identity = AgeIdentity::Generate(rng);
  const SecretBytes text = identity.SecretText();
  const auto read = AgeIdentity::Parse(AsText(text.view()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->recipient(), identity.recipient());
  EXPECT_EQ(identity.Clone().recipient(), identity.recipient());
}

TEST(AgeIdentity, TheOtherCaseIsRefused) {
  std::string upper(kSpecRecipient);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_FALSE(AgeRecipient::Parse(upper));
  std::string lower(kSpecIdentity);
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  EXPECT_FALSE(AgeIdentity::Parse(lower));
}

TEST(AgeIdentity, EachIsRefusedWhereTheOtherBelongs) {
  EXPECT_FALSE(AgeIdentity::Parse(kSpecRecipient));
  EXPECT_FALSE(AgeRecipient::Parse(kSpecIdentity));
}

TEST(AgeIdentity, EveryChangedCharacterIsNoticed) {
  for (std::size_t i = 0; i < kSpecIdentity.size(); ++i) {
    std::string changed(kSpecIdentity);
    changed[i] = changed[i] == 'Q' ? 'P' : 'Q';
    const auto parsed = AgeIdentity::Parse(changed);
    ASSERT_FALSE(parsed) << i;
    EXPECT_EQ(parsed.error().public_message.find(changed), std::string::npos) << "the error repeats a secret";
  }
}

TEST(AgeIdentity, ThirtyOneBytesAreRefused) {
  EXPECT_FALSE(AgeRecipient::Parse(Bech32Encode("age", Bytes(31, 7))));
  EXPECT_FALSE(AgeIdentity::Parse("AGE-SECRET-KEY-1" + std::string(50, 'Q') + "6J6TAE"));
}

// u = 0 and u = 1 of Curve25519: every shared secret with them is zero.
TEST(AgeIdentity, LowOrderRecipientsAreRefused) {
  for (const std::string_view text : {"age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
                                      "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya"}) {
    const auto recipient = AgeRecipient::Parse(text);
    ASSERT_FALSE(recipient) << text;
    EXPECT_EQ(recipient.error().code, Code::kVerificationFailed);
  }
}

}  // namespace
}  // namespace cloister::sealing
