#include "sealing/age_header.h"

#include <gtest/gtest.h>

#include "codec/text.h"
#include "sealing/age_stanza.h"
#include "sealing/sealing_for_test.h"

namespace cloister::sealing {
namespace {

constexpr std::string_view kMacLine = "--- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s\n";

std::string WithStanza(std::string_view stanza) {
  return "age-encryption.org/v1\n" + std::string(stanza) + std::string(kMacLine);
}
bool Parses(std::string_view text) { return ParseAgeHeader(AsBytes(text)).has_value(); }

std::string Line(std::size_t columns) { return std::string(columns, 'A') + "\n"; }

TEST(AgeHeader, ReadsTheSpecificationsExample) {
  const auto header = ParseAgeHeader(
      AsBytes(WithStanza("-> X25519 XEl0dJ6y3C7KZkgmgWUicg63EyXJiwBJW8PdYJ/cYBE\n"
                         "qRS0AMjdjPvZ/WT08U2KL4G+PIooA3hy38SvLpvaC1E\n")));
  ASSERT_TRUE(header);
  ASSERT_EQ(header->stanzas.size(), 1u);
  EXPECT_EQ(header->stanzas[0].arguments,
            (std::vector<std::string>{"X25519", "XEl0dJ6y3C7KZkgmgWUicg63EyXJiwBJW8PdYJ/cYBE"}));
  EXPECT_EQ(header->stanzas[0].body.size(), 32u);
}

TEST(AgeHeader, AcceptsEveryShapeOfTheGrammar) {
  EXPECT_TRUE(Parses(WithStanza("-> a\n\n"))) << "an empty body is one empty line";
  EXPECT_TRUE(Parses(WithStanza("-> a\n" + Line(4)))) << "a short body";
  EXPECT_TRUE(Parses(WithStanza("-> a\n" + Line(64) + "\n"))) << "a full line needs a shorter one behind it";
  EXPECT_TRUE(Parses(WithStanza("-> a\n" + Line(64) + Line(64) + Line(63 - 1)))) << "several lines";
  EXPECT_TRUE(Parses(WithStanza("-> a b c d\n\n-> !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\n\n")))
      << "all visible ASCII";
  EXPECT_TRUE(Parses(WithStanza("-> ---\n\n-> -> ->\n\n"))) << "marks as arguments";
}

TEST(AgeHeader, RefusesEverythingElse) {
  EXPECT_FALSE(Parses("")) << "nothing";
  EXPECT_FALSE(Parses("age-encryption.org/v1\n")) << "no stanza, no MAC";
  EXPECT_FALSE(Parses(WithStanza(""))) << "no stanza";
  EXPECT_FALSE(Parses("age-encryption.org/v2\n-> a\n\n" + std::string(kMacLine))) << "another version";
  EXPECT_FALSE(Parses("age-encryption.org/v1 \n-> a\n\n" + std::string(kMacLine))) << "a space at the end";
  EXPECT_FALSE(Parses("age-encryption.org/v1\r\n-> a\r\n\r\n"
                      "--- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s\r\n"));
  EXPECT_FALSE(Parses(WithStanza("->\n\n"))) << "no argument";
  EXPECT_FALSE(Parses(WithStanza("-> \n\n"))) << "an empty argument";
  EXPECT_FALSE(Parses(WithStanza("-> a \n\n"))) << "a space at the end";
  EXPECT_FALSE(Parses(WithStanza("->  a\n\n"))) << "two spaces in front";
  EXPECT_FALSE(Parses(WithStanza("-> a  b\n\n"))) << "two spaces between";
  EXPECT_FALSE(Parses(WithStanza("-> a\tb\n\n"))) << "a tab";
  EXPECT_FALSE(Parses(WithStanza("-> a\x7f\n\n"))) << "a control character";
  EXPECT_FALSE(Parses(WithStanza("-> \xc3\xa9\n\n"))) << "UTF-8";
  EXPECT_FALSE(Parses(WithStanza("--> a\n\n"))) << "another mark";
  EXPECT_FALSE(Parses(WithStanza("-> a\n" + Line(65)))) << "a line that is too long";
  EXPECT_FALSE(Parses(WithStanza("-> a\n" + Line(64)))) << "no shorter line at the end";
  EXPECT_FALSE(Parses(WithStanza("-> a\n" + Line(4) + Line(4)))) << "two short lines";
  EXPECT_FALSE(Parses(WithStanza("-> a\nAA==\n"))) << "padding";
  EXPECT_FALSE(Parses(WithStanza("-> a\nAB\n"))) << "bits behind the last byte";
  EXPECT_FALSE(Parses(WithStanza("-> a\nAAAAA\n"))) << "five characters are no bytes";
  EXPECT_FALSE(Parses(WithStanza("-> a\nAA-_\n"))) << "the other alphabet";
  EXPECT_FALSE(Parses(WithStanza("-> a\n AAA\n"))) << "a space in the body";
}

TEST(AgeHeader, RefusesEveryOtherMacLine) {
  const std::string stanza = "age-encryption.org/v1\n-> a\n\n";
  EXPECT_TRUE(Parses(stanza + std::string(kMacLine)));
  EXPECT_FALSE(Parses(stanza + "---\n"));
  EXPECT_FALSE(Parses(stanza + "--- \n"));
  EXPECT_FALSE(Parses(stanza + "---HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s\n"));
  EXPECT_FALSE(Parses(stanza + "---  HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s\n"));
  EXPECT_FALSE(Parses(stanza + "--- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s \n"));
  EXPECT_FALSE(Parses(stanza + "--- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75t\n")) << "spare bits";
  EXPECT_FALSE(Parses(stanza + "--- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG7\n")) << "30 bytes";
  EXPECT_FALSE(Parses(stanza + "--- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s=\n"));
  EXPECT_FALSE(Parses(stanza + "--- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s"));
  EXPECT_FALSE(Parses(stanza + std::string(kMacLine) + "x")) << "the payload is not part of the header";
}

TEST(AgeHeader, AnErrorNamesTheLine) {
  const auto header = ParseAgeHeader(AsBytes(WithStanza("-> a\n\n-> b\n" + Line(65))));
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().public_message, "age header, line 5: a body line is longer than 64 columns");
}

TEST(AgeHeader, IsFoundInAFileThatComesInPieces) {
  const std::string file = WithStanza("-> ---\nAAAA\n") + "payload --- \n--- more\n";
  const std::size_t end = file.size() - std::string("payload --- \n--- more\n").size();
  std::size_t searched = 0;
  for (std::size_t size = 0; size <= file.size(); ++size) {
    const auto found = FindAgeHeaderEnd(AsBytes(file).first(size), searched);
    ASSERT_EQ(found.has_value(), size >= end) << size;
    if (found) {
      EXPECT_EQ(*found, end);
    }
  }
}

TEST(AgeHeader, WhatIsWrittenReadsBackAndCarriesItsMac) {
  InsecureRngForTest rng(7);
  SecretBytes file_key(kFileKeyBytes);
  rng.Fill(file_key.mutable_view());
  std::vector<AgeStanza> stanzas;
  for (const std::size_t body : {0, 1, 47, 48, 49, 96, 1000}) {
    stanzas.push_back({.arguments = {"type", "x"}, .body = ContentForTest(body)});
  }
  const std::string text = WriteAgeHeader(stanzas, file_key);
  const auto header = ParseAgeHeader(AsBytes(text));
  ASSERT_TRUE(header);
  ASSERT_EQ(header->stanzas.size(), stanzas.size());
  for (std::size_t i = 0; i < stanzas.size(); ++i) EXPECT_EQ(header->stanzas[i].body, stanzas[i].body);
  EXPECT_TRUE(VerifyAgeHeaderMac(AsBytes(text), header->mac, file_key));

  SecretBytes other_key(kFileKeyBytes);
  EXPECT_FALSE(VerifyAgeHeaderMac(AsBytes(text), header->mac, other_key));
  std::string changed = text;
  changed[text.find(" x")] = ' ';
  changed[text.find(" x") + 1] = 'y';
  EXPECT_FALSE(VerifyAgeHeaderMac(AsBytes(changed), header->mac, file_key));
}

// Stanzas of types we know must be well-formed whoever they are for; others are grease.
TEST(AgeStanza, ChecksWhatItKnowsAndIgnoresTheRest) {
  InsecureRngForTest rng(3);
  SecretBytes file_key(kFileKeyBytes);
  rng.Fill(file_key.mutable_view());
  const AgeIdentity identity = SpecIdentity();
  const AgeStanza good = WrapFileKey(file_key, identity.recipient(), rng).value();
  const auto unwrap = [&](std::vector<AgeStanza> stanzas) {
    return UnwrapFileKey(stanzas, {.identities = {&identity, 1}});
  };
  const auto finds_key = [&](const auto& result) {
    return result && result->has_value() && ToBytes((*result)->view()) == ToBytes(file_key.view());
  };
  EXPECT_TRUE(finds_key(unwrap({{.arguments = {"grease", "x"}, .body = Bytes(5)}, good})));
  EXPECT_TRUE(finds_key(unwrap({good, {.arguments = {"x25519"}, .body = {}}}))) << "case counts";

  EXPECT_FALSE(unwrap({good, {.arguments = {"X25519"}, .body = Bytes(32)}})) << "no share";
  EXPECT_FALSE(unwrap({good, {.arguments = {"X25519", good.arguments[1], "more"}, .body = good.body}}));
  EXPECT_FALSE(unwrap({good, {.arguments = {"X25519", good.arguments[1]}, .body = Bytes(33)}}));
  EXPECT_FALSE(unwrap({good, {.arguments = {"X25519", good.arguments[1] + "AA"}, .body = Bytes(32)}}));

  const AgeStanza scrypt{.arguments = {"scrypt", "ajMFur+EJLGaohv/dLRGnw", "18"}, .body = Bytes(32)};
  const auto alone = unwrap({scrypt});
  EXPECT_TRUE(alone && !alone->has_value()) << "well-formed, but no passphrase of ours";
  EXPECT_FALSE(unwrap({good, scrypt})) << "a passphrase must be the only recipient";
  for (const std::string work :
       {"", "0", "01", "+1", "-1", "0x12", "18 ", "23", "1e1", "99999999999999999999"}) {
    EXPECT_FALSE(unwrap({{.arguments = {"scrypt", scrypt.arguments[1], work}, .body = Bytes(32)}})) << work;
  }
}

// Made with Python's hashlib.scrypt and the specification's formula.
TEST(AgeStanza, OpensAPassphraseStanza) {
  constexpr std::string_view kBody = "51877f2dd12555415f27693994273c9d26522bd1d541bcfa18f64674809b8971";
  const AgeStanza stanza{.arguments = {"scrypt", "AAECAwQFBgcICQoLDA0ODw", "10"},
                         .body = codec::HexDecode(kBody).value()};
  const std::string passphrases[] = {"wrong horse", "correct horse battery staple"};
  const auto file_key = UnwrapFileKey({stanza}, {.passphrases = passphrases});
  ASSERT_TRUE(file_key && file_key->has_value());
  EXPECT_EQ(AsText((*file_key)->view()), "YELLOW SUBMARINE");
  const auto none = UnwrapFileKey({stanza}, {.passphrases = std::span(passphrases).first(1)});
  EXPECT_TRUE(none && !none->has_value());
}

}  // namespace
}  // namespace cloister::sealing
