// Both ways with Debian's age: what it seals we open, what we seal it opens. Label `peers`; skipped where it
// is absent.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "sealing/age.h"
#include "sealing/payload.h"
#include "sealing/sealing_for_test.h"

namespace cloister::sealing {
namespace {

class AgePeer : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v age >/dev/null && command -v age-keygen >/dev/null") != 0) {
      GTEST_SKIP() << "the peer `age` is not installed (apt-get install age)";
    }
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Put(const std::string& name, ByteView bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << AsText(bytes);
  }
  Bytes Get(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return ToBytes(std::string((std::istreambuf_iterator<char>(in)), {}));
  }
  bool Run(const std::string& command) const {
    return std::system(("cd '" + folder_.string() + "' && " + command + " 2>>log").c_str()) == 0;
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("cloister-age-peer-" + std::to_string(getpid()));
};

constexpr std::size_t kSizes[] = {0, 1, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 8 * kChunkBytes,
                                  3'000'000};

TEST_F(AgePeer, OpensWhatWeSeal) {
  SystemRng rng;
  const AgeIdentity identity = AgeIdentity::Generate(rng);
  Put("key", identity.SecretText().view());
  for (const std::size_t size : kSizes) {
    SCOPED_TRACE(size);
    const Bytes content = ContentForTest(size);
    Put("ours.age", SealForTest(content, identity.recipient(), rng, 2).file);
    ASSERT_TRUE(Run("age -d -i key -o plain ours.age"));
    EXPECT_TRUE(Get("plain") == content);
  }
}

TEST_F(AgePeer, OpensWhatWeSealForSeveral) {
  ASSERT_TRUE(Run("age-keygen -o key && age-keygen -y key > recipient"));
  std::string text = std::string(AsText(Get("recipient")));
  text.resize(text.find('\n'));
  SystemRng rng;
  const AgeRecipient recipients[] = {AgeIdentity::Generate(rng).recipient(),
                                     AgeRecipient::Parse(text).value()};
  Put("ours.age", SealBytes(AsBytes("for two"), recipients, rng).value());
  ASSERT_TRUE(Run("age -d -i key -o plain ours.age"));
  EXPECT_EQ(AsText(Get("plain")), "for two");
}

TEST_F(AgePeer, SealsWhatWeOpen) {
  SystemRng rng;
  const AgeIdentity identity = AgeIdentity::Generate(rng);
  for (const std::size_t size : kSizes) {
    SCOPED_TRACE(size);
    const Bytes content = ContentForTest(size);
    Put("plain", content);
    ASSERT_TRUE(Run("age -r " + identity.recipient().Text() + " -o theirs.age plain"));
    const OpenedForTest opened = OpenForTest(Get("theirs.age"), identity, 2);
    ASSERT_TRUE(opened.status) << opened.status.error().public_message;
    EXPECT_TRUE(opened.plaintext == content);
    ASSERT_TRUE(Run("age -a -r " + identity.recipient().Text() + " -o theirs.asc plain"));
    MemorySink plaintext(content.size());
    const auto outcome =
        TryOpenAge(Get("theirs.asc"), {.identities = {&identity, 1}, .armored = true}, plaintext);
    EXPECT_EQ(outcome.verdict, AgeVerdict::kSuccess) << outcome.why;
    EXPECT_TRUE(plaintext.bytes() == content);
  }
}

TEST_F(AgePeer, RefusesWhatWeRefuse) {
  SystemRng rng;
  const AgeIdentity identity = AgeIdentity::Generate(rng);
  Put("key", identity.SecretText().view());
  Bytes file = SealForTest(ContentForTest(100), identity.recipient(), rng).file;
  file.back() ^= 1;
  Put("ours.age", file);
  EXPECT_FALSE(Run("age -d -i key -o plain ours.age"));
  EXPECT_FALSE(OpenForTest(file, identity).status);
}

}  // namespace
}  // namespace cloister::sealing
