// One number never stands for two links, whatever breaks: connections, processes, the server's word.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/desk_for_test.h"
#include "cli/environment_home.h"

namespace cloister::cli::for_test {
namespace {

using testing::HasSubstr;

class OutboxTest : public testing::Test {
 protected:
  FakeClock clock_{{1'795'336'560'000}};
  FakeServer server_{clock_};
  Desk desk_{server_, clock_, "ada@hospital.example"};

  void SetUp() override {
    ASSERT_EQ(desk_.Init("Hospital").code, ExitCode::kOk);
    ASSERT_EQ(desk_({"env", "create", "Study"}).code, ExitCode::kOk);
  }
  EnvironmentHome home() const {
    return EnvironmentHome(Home(desk_.home()).EnvironmentFolder(FakeServer::kEnvironment));
  }
  std::string outbox() const { return home().folder() / "outbox.json"; }
};

TEST_F(OutboxTest, ALinkIsOnDiskBeforeItIsSentAndLeavesWithTheAnswer) {
  bool on_disk = false;
  server_.tamper = [&](const net::HttpRequest& request, net::HttpAnswer&) {
    if (!request.target.ends_with("/acceptances")) return;
    const auto item = home().LoadOutbox().value();
    on_disk = item && request.body.find(item->link) != std::string::npos;
  };
  EXPECT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  EXPECT_TRUE(on_disk);
  EXPECT_FALSE(std::filesystem::exists(outbox()));
  EXPECT_EQ(home().LoadChain()->seq, 1U);
  EXPECT_TRUE(std::filesystem::exists(home().folder() / "links/00000001.jws"));
}

TEST_F(OutboxTest, AfterABrokenConnectionTheSameBytesGoOutAgain) {
  server_.tamper = [](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.target.ends_with("/acceptances")) answer.status = 0;  // recorded, but nobody hears of it
  };
  EXPECT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kError);
  EXPECT_TRUE(std::filesystem::exists(outbox()));
  const std::string link = home().LoadOutbox().value()->link;
  server_.tamper = nullptr;
  const Ran again = desk_({"env", "accept", "Study", "--yes"});
  EXPECT_EQ(again.code, ExitCode::kOk) << again.talk;
  EXPECT_THAT(again.talk, HasSubstr("sending link 1 again"));
  EXPECT_THAT(again.talk, HasSubstr("You have accepted this charter already."));
  EXPECT_EQ(ReadFile(home().folder() / "links/00000001.jws", 1 << 20).value(), link);
  EXPECT_EQ(server_.enclave->entries().size(), 3U);
}

TEST_F(OutboxTest, ALinkThatTheServerDefinitelyRefusedFreesItsNumberAndIsKept) {
  server_.tamper = [](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.target.ends_with("/acceptances"))
      answer = net::FakeJson(429, R"({"error":"RESOURCE_EXHAUSTED","message":"slowly"})");
    if (request.target.ends_with("/chain")) answer = net::FakeJson(200, R"({"links":[],"head":null})");
  };
  EXPECT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kError);
  EXPECT_FALSE(std::filesystem::exists(outbox()));
  EXPECT_EQ(home().LoadChain()->seq, 0U);
  std::size_t kept = 0;
  for (const auto& file : std::filesystem::directory_iterator(home().folder() / "links")) {
    kept += file.path().filename().string().find(".unrecorded-") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(kept, 1U);
}

TEST_F(OutboxTest, AnAnswerThatSaysNoAboutARecordedLinkIsNotBelieved) {
  server_.tamper = [](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.target.ends_with("/acceptances"))
      answer = net::FakeJson(409, R"({"error":"CONFLICT","message":"used"})");
  };
  EXPECT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);  // the chain has it
  EXPECT_EQ(home().LoadChain()->seq, 1U);
}

TEST_F(OutboxTest, LinksOfAnotherCopyOfTheKeyAreAdopted) {
  std::filesystem::copy(desk_.home(), desk_.home() + "-copy", std::filesystem::copy_options::recursive);
  ASSERT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  std::filesystem::remove_all(desk_.home());
  std::filesystem::rename(desk_.home() + "-copy", desk_.home());
  const Ran ran = desk_({"env", "accept", "Study", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_THAT(ran.talk, HasSubstr("link 1 (cloister-acceptance+jws) was signed by another copy of your key"));
  EXPECT_EQ(home().LoadChain()->seq, 1U);
}

}  // namespace
}  // namespace cloister::cli::for_test
