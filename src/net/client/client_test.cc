#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/client/fake_transport.h"
#include "net/client/json_client.h"
#include "net/client/problem.h"
#include "net/client/retry.h"
#include "net/client/server_address.h"

namespace cloister::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ServerAddress, IsAnOriginAndNothingElse) {
  EXPECT_EQ(ServerAddress::Parse("https://rooms.example")->origin(), "https://rooms.example");
  EXPECT_EQ(ServerAddress::Parse("http://127.0.0.1:8080/")->origin(), "http://127.0.0.1:8080");
  EXPECT_EQ(ServerAddress::Parse("http://[::1]:80")->origin(), "http://[::1]:80");
  EXPECT_TRUE(ServerAddress::Parse("http://localhost:1")->loopback());
  EXPECT_FALSE(ServerAddress::Parse("https://rooms.example:443")->loopback());
  for (const char* bad :
       {"", "rooms.example", "ftp://x", "https://", "https://a b", "https://user@host", "https://h/p", "https://h:0",
        "https://h:65536", "https://h:", "https://h?x", "https://[::1", "https://h#"}) {
    EXPECT_FALSE(ServerAddress::Parse(bad).has_value()) << bad;
  }
}

TEST(ServerAddress, SendsNoKeyReadableThroughANetwork) {
  EXPECT_THAT(ServerAddress::Parse("http://rooms.example").error().public_message, HasSubstr("plain HTTP"));
  EXPECT_FALSE(ServerAddress::Parse("http://127.0.0.1.evil.example").has_value());
  EXPECT_FALSE(ServerAddress::Parse("http://localhost.evil.example").has_value());
}

TEST(EncodeSegment, LeavesUnreservedCharactersOnly) {
  EXPECT_EQ(EncodeSegment("a-b_c.~Z9"), "a-b_c.~Z9");
  EXPECT_EQ(EncodeSegment("a/b?c=d e+ä%"), "a%2Fb%3Fc%3Dd%20e%2B%C3%A4%25");
}

TEST(ProblemError, ReadsTheServersReason) {
  const Error error = ProblemError(FakeJson(404, R"({"type":"about:blank","title":"Not found","status":404,
      "error":"NOT_FOUND","message":"no such environment, or you are not its participant"})"));
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.public_message, "no such environment, or you are not its participant");
}

TEST(ProblemError, PrefersTheNamedCodeToTheStatus) {
  EXPECT_EQ(ProblemError(FakeJson(409, R"({"error":"FAILED_PRECONDITION","message":"m"})")).code,
            Code::kFailedPrecondition);
  EXPECT_EQ(ProblemError(FakeJson(422, R"({"error":"policy_refused","detail":"d"})")).code, Code::kRefused);
}

TEST(ProblemError, MakesAnErrorOfAnything) {
  EXPECT_EQ(ProblemError({.status = 502, .body = "<html>bad gateway</html>"}).code, Code::kUnavailable);
  EXPECT_THAT(ProblemError({.status = 500, .fields = {{"request-id", "r1"}}}).public_message,
              HasSubstr("(request r1)"));
  EXPECT_THAT(ProblemError({.status = 302}).public_message, HasSubstr("does not follow"));
  EXPECT_EQ(ProblemError(FakeJson(400, "[]")).code, Code::kInvalidArgument);
}

TEST(JsonClient, SendsTheKeyAndReadsJson) {
  FakeTransport server([](const HttpRequest&) { return FakeJson(200, R"({"a":1})"); });
  JsonClient api(server, "clo_pat_x");
  EXPECT_EQ(api.Get("/api/me")->at("a").as_int64(), 1);
  EXPECT_TRUE(api.Post("/api/x", codec::JsonObject{{"b", true}}).has_value());
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(server.requests()[1].body, R"({"b":true})");
  EXPECT_EQ(server.requests()[1].fields[0].value, "application/json");
  EXPECT_EQ(server.requests()[0].fields[1].value, "Bearer clo_pat_x");
}

TEST(JsonClient, TellsAServerThatSpeaksSomethingElse) {
  FakeTransport server([](const HttpRequest&) -> HttpAnswer { return {.status = 200, .body = "<html>"}; });
  JsonClient api(server, "");
  EXPECT_THAT(api.Get("/").error().public_message, HasSubstr("is this a Cloister server?"));
}

TEST(DelayBeforeRetry, DoublesUpToItsBoundAndEnds) {
  const RetryPolicy policy{.attempts_max = 5, .first_delay_ms = 200, .delay_ms_max = 700};
  const auto delay = [&](int attempt) { return DelayBeforeRetry(policy, {.attempt = attempt, .status = 503}); };
  EXPECT_EQ(delay(1), 200);
  EXPECT_EQ(delay(2), 400);
  EXPECT_EQ(delay(3), 700);
  EXPECT_EQ(delay(5), std::nullopt);
}

TEST(DelayBeforeRetry, IsForWhatMayPassOnly) {
  EXPECT_TRUE(DelayBeforeRetry({}, {.error = Code::kUnavailable}));
  EXPECT_EQ(DelayBeforeRetry({}, {.status = 429, .retry_after_ms = 3000}), 3000);
  EXPECT_FALSE(DelayBeforeRetry({}, {.status = 429, .retry_after_ms = 60'000}));  // not at a prompt
  EXPECT_FALSE(DelayBeforeRetry({}, {.error = Code::kDeadlineExceeded}));
  EXPECT_FALSE(DelayBeforeRetry({}, {.status = 500}));
  EXPECT_FALSE(DelayBeforeRetry({}, {.status = 409}));
  EXPECT_FALSE(DelayBeforeRetry({}, {.status = 200}));
}

struct Flaky {
  int calls = 0;
  std::vector<std::int64_t> waits = {};
  FakeTransport server{[this](const HttpRequest&) -> Result<HttpAnswer> {
    if (++calls < 3) return Unavailable("no route");
    return FakeJson(200, "{}");
  }};
  RetryingTransport transport{server, {}, [this](std::int64_t ms) { waits.push_back(ms); }};
};

TEST(RetryingTransport, TriesAgainWhatIsIdempotent) {
  Flaky flaky;
  EXPECT_EQ(flaky.transport.Perform({.target = "/"})->status, 200);
  EXPECT_THAT(flaky.waits, ElementsAre(200, 400));
}

TEST(RetryingTransport, SendsAPostOnceUnlessItIsRepeatable) {
  Flaky once;
  EXPECT_EQ(once.transport.Perform({.method = HttpMethod::kPost, .target = "/"}).error().code, Code::kUnavailable);
  EXPECT_THAT(once.waits, IsEmpty());
  Flaky again;
  EXPECT_TRUE(again.transport.Perform({.method = HttpMethod::kPost, .target = "/", .repeatable = true}));
  EXPECT_EQ(again.calls, 3);
}

}  // namespace
}  // namespace cloister::net
