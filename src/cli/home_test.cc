// Keys and state on disk: who may read them, and what is there after a crash.

#include "cli/home.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/command_line.h"
#include "cli/durable_file.h"

namespace cloister::cli {
namespace {

using testing::HasSubstr;

class HomeTest : public testing::Test {
 protected:
  HomeTest() {
    std::string pattern = testing::TempDir() + "cloister-home-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~HomeTest() override { std::filesystem::remove_all(folder_); }
  static unsigned Mode(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }
  ParticipantKeys MakeKeys() { return {crypto::Ed25519Signer::Generate(rng_), sealing::AgeIdentity::Generate(rng_)}; }

  InsecureRngForTest rng_{1};
  std::filesystem::path folder_;
  Home home_{std::filesystem::path()};
};

TEST_F(HomeTest, KeepsKeysForTheirOwnerAlone) {
  Home home(folder_ / "a" / "home");
  const ParticipantKeys keys = MakeKeys();
  ASSERT_TRUE(home.SaveKeys(keys));
  ASSERT_TRUE(home.SaveApiKey("clo_pat_x"));
  EXPECT_EQ(Mode(home.folder()), 0700U);
  for (const char* file : {"participant-key", "age-identity", "api-key"}) EXPECT_EQ(Mode(home.folder() / file), 0600U);
  const auto loaded = home.LoadKeys();
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ((*loaded)->signer.public_key(), keys.signer.public_key());
  EXPECT_EQ((*loaded)->identity.recipient(), keys.identity.recipient());
}

TEST_F(HomeTest, RefusesAKeyThatOthersMayRead) {
  Home home(folder_);
  ASSERT_TRUE(home.SaveKeys(MakeKeys()));
  chmod((folder_ / "participant-key").c_str(), 0640);
  EXPECT_THAT(home.LoadKeys().error().public_message, HasSubstr("run: chmod 600 "));
  EXPECT_EQ(home.LoadKeys().error().code, Code::kPermissionDenied);
}

TEST_F(HomeTest, TellsADamagedKeyFromNone) {
  Home home(folder_);
  EXPECT_FALSE(home.LoadKeys()->has_value());
  ASSERT_TRUE(home.SaveKeys(MakeKeys()));
  ASSERT_TRUE(WriteDurably(folder_ / "participant-key", "not a seed\n", FileAccess::kOwnerOnly));
  EXPECT_EQ(home.LoadKeys().error().code, Code::kDataLoss);
  EXPECT_THAT(home.LoadKeys().error().public_message, testing::Not(HasSubstr("not a seed")));
}

TEST_F(HomeTest, ReadsItsConfigurationStrictly) {
  Home home(folder_);
  ASSERT_TRUE(home.SaveConfig({.server = "https://x", .email = "a@b", .custody = agreement::Custody::kServer}));
  EXPECT_EQ(home.LoadConfig()->custody, agreement::Custody::kServer);
  ASSERT_TRUE(WriteDurably(folder_ / "config.json", R"({"version":1,"server":"s","email":"e","custody":"self","x":1})",
                           FileAccess::kOwnerOnly));
  EXPECT_EQ(home.LoadConfig().error().public_message, "config.x is not known here");
}

TEST_F(HomeTest, TakesTheApiKeyFromAnotherFileIfTold) {
  Home home(folder_);
  EXPECT_EQ(home.LoadApiKey("").error().code, Code::kUnauthenticated);
  ASSERT_TRUE(WriteDurably(folder_ / "elsewhere", "clo_pat_y\r\n", FileAccess::kOwnerOnly));
  EXPECT_EQ(home.LoadApiKey(folder_ / "elsewhere").value(), "clo_pat_y");
}

TEST_F(HomeTest, WritesWholeFilesOrNone) {
  const auto path = folder_ / "f";
  ASSERT_TRUE(WriteDurably(path, "old", FileAccess::kEveryone));
  ASSERT_TRUE(WriteDurably(folder_ / "f.new", "half of something that a crash left", FileAccess::kEveryone));
  ASSERT_TRUE(WriteDurably(path, "new", FileAccess::kOwnerOnly));
  EXPECT_EQ(ReadFile(path, 10).value(), "new");
  EXPECT_EQ(Mode(path), 0600U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "f.new"));
  EXPECT_EQ(ReadFile(path, 2).error().code, Code::kResourceExhausted);
  EXPECT_EQ(WriteDurably(folder_ / "no" / "f", "x", FileAccess::kOwnerOnly).error().code, Code::kNotFound);
  EXPECT_TRUE(RemoveDurably(path));
  EXPECT_TRUE(RemoveDurably(path));
}

TEST(ChooseHomeFolder, PrefersWhatIsSaidMostDirectly) {
  HomeChoice choice{.flag = "/f", .cloister_home = "/c", .xdg_data_home = "/x", .user_home = "/u"};
  EXPECT_EQ(ChooseHomeFolder(choice).value(), "/f");
  choice.flag.clear();
  EXPECT_EQ(ChooseHomeFolder(choice).value(), "/c");
  choice.cloister_home.clear();
  EXPECT_EQ(ChooseHomeFolder(choice).value(), "/x/cloister");
  choice.xdg_data_home = "relative";  // counts as absent
  EXPECT_EQ(ChooseHomeFolder(choice).value(), "/u/.local/share/cloister");
  EXPECT_FALSE(ChooseHomeFolder({}).has_value());
}

TEST(ParseCommandLine, TakesGlobalFlagsBehindTheVerb) {
  const auto parsed = ParseCommandLine({"env", "show", "Study", "--json", "--home", "/h", "--timeout", "1.5", "-q"});
  const auto& invocation = std::get<Invocation>(parsed);
  EXPECT_EQ(std::get<EnvShowVerb>(invocation.verb).environment, "Study");
  EXPECT_TRUE(invocation.global.style.json && invocation.global.style.quiet);
  EXPECT_EQ(invocation.global.home, "/h");
  EXPECT_EQ(invocation.global.timeout_ms, 1500);
}

TEST(ParseCommandLine, ReadsEveryListOnce) {
  const auto parsed = ParseCommandLine({"env", "create", "Joint study", "--with", "a@x", "b@y", "--approval",
                                        "majority", "--recovery", "none", "--no-joins"});
  const auto& verb = std::get<EnvCreateVerb>(std::get<Invocation>(parsed).verb);
  EXPECT_THAT(verb.with, testing::ElementsAre("a@x", "b@y"));
  EXPECT_EQ(verb.approval + verb.recovery, "majoritynone");
  EXPECT_FALSE(verb.cross_owner_joins);
  const auto query = ParseCommandLine({"query", "check", "q.sql", "--env", "E", "--param", "a=1", "--param", "b=x"});
  EXPECT_THAT(std::get<QueryCheckVerb>(std::get<Invocation>(query).verb).parameters,
              testing::ElementsAre("a=1", "b=x"));
}

TEST(ParseCommandLine, AnswersWrongFlagsWithExitTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"env"},
                                             {"env", "create"},
                                             {"env", "fly"},
                                             {"init", "--server", "x"},
                                             {"query", "approve"},
                                             {"env", "create", "x", "--recovery", "perhaps"},
                                             {"ledger", "prove", "E", "-1"},
                                             {"env", "list", "--loud"}}) {
    const auto parsed = ParseCommandLine(arguments);
    ASSERT_TRUE(std::holds_alternative<CommandLineAnswer>(parsed)) << testing::PrintToString(arguments);
    EXPECT_EQ(std::get<CommandLineAnswer>(parsed).exit_code, ExitCode::kUsage);
  }
  const auto help = std::get<CommandLineAnswer>(ParseCommandLine({"--help"}));
  EXPECT_EQ(help.exit_code, ExitCode::kOk);
  EXPECT_THAT(help.text, HasSubstr("7 verification failed"));
}

}  // namespace
}  // namespace cloister::cli
