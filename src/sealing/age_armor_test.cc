#include "sealing/age_armor.h"

#include <gtest/gtest.h>

#include "codec/text.h"
#include "sealing/sealing_for_test.h"

namespace cloister::sealing {
namespace {

const std::string kBegin = "-----BEGIN AGE ENCRYPTED FILE-----\n";
const std::string kEnd = "-----END AGE ENCRYPTED FILE-----\n";

std::string Armor(ByteView file) {
  const std::string text = codec::Base64Encode(file);
  std::string armor = kBegin;
  for (std::size_t at = 0; at < text.size(); at += 64) armor += text.substr(at, 64) + "\n";
  return armor + kEnd;
}
bool Decodes(const std::string& text) { return DecodeAgeArmor(AsBytes(text)).has_value(); }

std::string WithCrLf(const std::string& text) {
  std::string changed;
  for (char c : text) changed += c == '\n' ? "\r\n" : std::string(1, c);
  return changed;
}

TEST(AgeArmor, GivesBackFilesOfEverySize) {
  for (std::size_t size = 0; size < 200; ++size) {
    const Bytes file = ContentForTest(size);
    const auto decoded = DecodeAgeArmor(AsBytes(Armor(file)));
    ASSERT_TRUE(decoded) << size;
    EXPECT_EQ(*decoded, file);
    EXPECT_EQ(DecodeAgeArmor(AsBytes(WithCrLf(Armor(file)))).value(), file);
  }
}

TEST(AgeArmor, ToleratesWhiteSpaceAround) {
  const std::string armor = Armor(ContentForTest(100));
  EXPECT_TRUE(Decodes("\n \t\r\n\n" + armor + " \n\t\n"));
  EXPECT_TRUE(Decodes(armor.substr(0, armor.size() - 1))) << "no line feed at the end";
  EXPECT_FALSE(Decodes(std::string(kArmorSpaceBytesMax + 1, '\n') + armor));
  EXPECT_FALSE(Decodes(armor + std::string(kArmorSpaceBytesMax + 1, '\n')));
}

TEST(AgeArmor, RefusesEverySecondSpelling) {
  const std::string line(64, 'A');
  EXPECT_FALSE(Decodes(""));
  EXPECT_FALSE(Decodes(kBegin)) << "no end line";
  EXPECT_FALSE(Decodes(kBegin + "AAAA\n")) << "no end line";
  EXPECT_FALSE(Decodes("garbage\n" + kBegin + "AAAA\n" + kEnd));
  EXPECT_FALSE(Decodes(kBegin + "AAAA\n" + kEnd + "garbage"));
  EXPECT_FALSE(Decodes(" " + kBegin + "AAAA\n" + kEnd)) << "an indented begin line";
  EXPECT_FALSE(Decodes(kBegin + "AAAA\n " + kEnd)) << "an indented end line";
  EXPECT_FALSE(Decodes(kBegin + "\nAAAA\n" + kEnd)) << "an empty line at the beginning";
  EXPECT_FALSE(Decodes(kBegin + "AAAA\n\n" + kEnd)) << "an empty line at the end";
  EXPECT_FALSE(Decodes(kBegin + line + "A\n" + kEnd)) << "65 columns";
  EXPECT_FALSE(Decodes(kBegin + "AAAA\nAAAA\n" + kEnd)) << "a short line in between";
  EXPECT_FALSE(Decodes(kBegin + line.substr(1) + "=\n" + "AAAA\n" + kEnd)) << "padding in between";
  EXPECT_FALSE(Decodes(kBegin + "AA\n" + kEnd)) << "no padding";
  EXPECT_FALSE(Decodes(kBegin + "AB==\n" + kEnd)) << "bits behind the last byte";
  EXPECT_FALSE(Decodes(kBegin + "AA=\n=\n" + kEnd)) << "padding over two lines";
  EXPECT_FALSE(Decodes(kBegin + " AAA\n" + kEnd)) << "a space";
  EXPECT_FALSE(Decodes(kBegin + "AAAA \n" + kEnd)) << "a space at the end";
  EXPECT_FALSE(Decodes(kBegin + "AA-_\n" + kEnd)) << "the other alphabet";
  EXPECT_FALSE(Decodes(kBegin + "Version: 1\n\nAAAA\n" + kEnd)) << "headers of old PEM";
  EXPECT_FALSE(Decodes(kBegin + "AAAA\n=AAAA\n" + kEnd)) << "a checksum of PGP";
  EXPECT_FALSE(Decodes("-----BEGIN age encrypted file-----\nAAAA\n-----END age encrypted file-----\n"));
  EXPECT_FALSE(Decodes("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
}

}  // namespace
}  // namespace cloister::sealing
