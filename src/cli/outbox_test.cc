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
  // A signed acceptance that the server threw away.
  void LeaveOneBehind() {
    server_.intercept = [](const net::HttpRequest& request) {
      return request.target.ends_with("/acceptances") ? std::optional(net::FakeJson(500, "")) : std::nullopt;
    };
    ASSERT_NE(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
    server_.intercept = nullptr;
    ASSERT_TRUE(std::filesystem::exists(outbox()));
  }
  std::size_t Unrecorded() const {
    std::size_t kept = 0;
    for (const auto& file : std::filesystem::directory_iterator(home().folder() / "links")) {
      kept += file.path().filename().string().find(".unrecorded-") != std::string::npos ? 1U : 0U;
    }
    return kept;
  }
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

TEST_F(OutboxTest, AnAnswerThatWasLostIsFoundInTheLedger) {
  server_.tamper = [](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.target.ends_with("/acceptances")) answer.status = 0;  // recorded, but nobody hears of it
  };
  EXPECT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  EXPECT_EQ(home().LoadChain()->seq, 1U);
}

TEST_F(OutboxTest, AfterABrokenConnectionTheSameBytesGoOutAgain) {
  bool broken = false;
  server_.tamper = [&](const net::HttpRequest& request, net::HttpAnswer& answer) {
    broken = broken || request.target.ends_with("/acceptances");
    if (broken) answer.status = 0;
  };
  EXPECT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kError);
  EXPECT_TRUE(std::filesystem::exists(outbox()));
  const std::string link = home().LoadOutbox().value()->link;
  server_.tamper = nullptr;
  const Ran again = desk_({"env", "accept", "Study", "--yes"});
  EXPECT_EQ(again.code, ExitCode::kOk) << again.talk;
  EXPECT_THAT(again.talk, HasSubstr("You have accepted this charter already."));
  EXPECT_EQ(ReadFile(home().folder() / "links/00000001.jws", 1 << 20).value(), link);
  EXPECT_EQ(server_.enclave->entries().size(), 3U);
}

// Whatever a server answers without recording: the number stays that link's.
TEST_F(OutboxTest, TheServersWordNeverFreesANumber) {
  const net::HttpAnswer answers[] = {net::FakeJson(429, R"({"error":"RESOURCE_EXHAUSTED","message":"slowly"})"),
                                     net::FakeJson(409, R"({"error":"CONFLICT","message":"used"})"),
                                     net::FakeJson(422, R"({"error":"REFUSED","message":"no"})"),
                                     net::FakeJson(200, R"({"entry":2})"),
                                     net::FakeJson(500, "")};
  std::string link;
  for (const net::HttpAnswer& says : answers) {
    server_.intercept = [&](const net::HttpRequest& request) {
      return request.target.ends_with("/acceptances") ? std::optional(says) : std::nullopt;
    };
    const Ran ran = desk_({"env", "accept", "Study", "--yes"});
    EXPECT_NE(ran.code, ExitCode::kOk) << ran.talk;
    EXPECT_THAT(ran.talk, HasSubstr("the next command sends the same bytes again"));
    ASSERT_TRUE(std::filesystem::exists(outbox()));
    if (link.empty()) link = home().LoadOutbox().value()->link;
    EXPECT_EQ(home().LoadOutbox().value()->link, link);
    EXPECT_EQ(home().LoadChain()->seq, 0U);
  }
  server_.intercept = nullptr;
  const Ran ran = desk_({"env", "accept", "Study", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_THAT(ran.talk, HasSubstr("sending link 1 again"));
  EXPECT_EQ(ReadFile(home().folder() / "links/00000001.jws", 1 << 20).value(), link);
}

TEST_F(OutboxTest, ItsSignerMayGiveALinkUp) {
  LeaveOneBehind();
  EXPECT_EQ(desk_({"env", "discard", "Study"}).code, ExitCode::kUsage);  // nobody said yes
  EXPECT_TRUE(std::filesystem::exists(outbox()));
  const Ran ran = desk_({"env", "discard", "Study", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_FALSE(std::filesystem::exists(outbox()));
  EXPECT_EQ(Unrecorded(), 1U);
  EXPECT_THAT(desk_({"env", "discard", "Study", "--yes"}).talk, HasSubstr("Nothing waits here"));
  EXPECT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
}

TEST_F(OutboxTest, AnotherLinkOfItsNumberInTheLedgerTakesItsPlace) {
  std::filesystem::copy(desk_.home(), desk_.home() + "-copy", std::filesystem::copy_options::recursive);
  LeaveOneBehind();
  std::filesystem::rename(desk_.home(), desk_.home() + "-first");
  std::filesystem::rename(desk_.home() + "-copy", desk_.home());
  clock_.Advance(60'000);  // another time, another link
  ASSERT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  std::filesystem::remove_all(desk_.home());
  std::filesystem::rename(desk_.home() + "-first", desk_.home());
  const Ran ran = desk_({"env", "accept", "Study", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_THAT(ran.talk, HasSubstr("the ledger has another link 1 of yours"));
  EXPECT_FALSE(std::filesystem::exists(outbox()));
  EXPECT_EQ(Unrecorded(), 1U);
  EXPECT_EQ(home().LoadChain()->seq, 1U);
}

TEST_F(OutboxTest, AChainThatTheLedgerContradictsSignsNothing) {
  ASSERT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  std::ofstream(home().folder() / "chain.json") << R"({"digest":")" + std::string(64, 'a') + R"(","seq":1})";
  const Ran ran = desk_({"env", "terminate", "Study", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kVerificationFailed) << ran.talk;
  EXPECT_EQ(server_.enclave->entries().size(), 3U);
}

TEST_F(OutboxTest, AnAnswerThatSaysNoAboutARecordedLinkIsNotBelieved) {
  server_.tamper = [](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.target.ends_with("/acceptances"))
      answer = net::FakeJson(409, R"({"error":"CONFLICT","message":"used"})");
  };
  EXPECT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);  // the ledger has it
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

// The revocation was signed and not recorded; then it was recorded, and the answer to the removal itself was lost, so
// that its repetition found nothing.
TEST_F(OutboxTest, AnInterruptedRemovalIsSignedOnce) {
  ASSERT_EQ(desk_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  ASSERT_EQ(desk_({"dataset", "upload", desk_.File("v.csv", "id,ward\n1,A\n"), "--env", "Study", "--name", "visits",
                   "--policy", desk_.File("p.json", R"({"privacy_unit":"id","columns":{"id":{"roles":["join_key"],
                                                          "domain":"person"}}})")}).code,
            ExitCode::kOk);
  server_.intercept = [](const net::HttpRequest& request) {
    return request.target.ends_with("/links") ? std::optional(net::FakeJson(500, "")) : std::nullopt;
  };
  ASSERT_NE(desk_({"dataset", "remove", "visits", "--yes"}).code, ExitCode::kOk);
  ASSERT_TRUE(std::filesystem::exists(outbox()));
  server_.intercept = nullptr;
  server_.tamper = [](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.method == net::HttpMethod::kDelete) answer = net::FakeJson(404, R"({"error":"NOT_FOUND"})");
  };
  const Ran ran = desk_({"dataset", "remove", "visits", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_THAT(ran.talk, HasSubstr("the verified ledger says that nothing reads it any more"));
  EXPECT_EQ(home().LoadChain()->seq, 3U) << "acceptance, manifest, revocation";
}

}  // namespace
}  // namespace cloister::cli::for_test
