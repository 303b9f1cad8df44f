// Sessions of browsers: what they may, what other sites may not, and when they end.
#include "control/rest/browser_for_test.h"

namespace cloister::control {
namespace {

class BrowserTest : public LoginTest {};

TEST_F(BrowserTest, CookiesAreForThisHostAndNoScript) {
  public_origin_ = "https://cleanroom.example";
  RestartServer();
  Browser browser = NewBrowser();
  browser.Get(GoAndReturn(browser, ana_));
  ASSERT_EQ(browser.set_cookies.size(), 3u);
  EXPECT_TRUE(browser.set_cookies[0].starts_with("__Host-cloister_login="));
  EXPECT_TRUE(browser.set_cookies[1].starts_with("__Host-cloister_session="));
  EXPECT_TRUE(browser.set_cookies[1].ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=604800"));
  EXPECT_EQ(browser.set_cookies[2], "__Host-cloister_login=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0");
  // On the disk is no cookie that anybody could use.
  EXPECT_TRUE(store_->sessions
                  .Find(crypto::Sha256(AsBytes(browser.jar.at("__Host-cloister_session"))), clock_.Now(),
                        SessionStore::Use::kLookedAt)
                  ->has_value());
  // Found by https, it takes no cookie that another host of the domain could have set.
  browser.jar = {{"cloister_session", browser.jar.at("__Host-cloister_session")}};
  EXPECT_EQ(browser.Get("/api/session").status, 401);
}

TEST_F(BrowserTest, WhatChangesSomethingNeedsTheToken) {
  Browser ana = LoggedIn(ana_);
  const auto post = [&](std::vector<net::HttpField> fields) {
    fields.push_back({"Content-Type", "application/json"});
    return ana
        .Send({.method = net::HttpMethod::kPost,
               .target = "/api/keys",
               .fields = std::move(fields),
               .body = R"({"name":"k"})"})
        .status;
  };
  const net::HttpField token{"X-CSRF-Token", ana.csrf_token}, origin{"Origin", ana.origin()};
  EXPECT_EQ(post({token, origin}), 201);
  EXPECT_EQ(post({token, {"Sec-Fetch-Site", "same-origin"}}), 201);
  EXPECT_EQ(post({token}), 403);  // says not where it comes from
  EXPECT_EQ(post({origin}), 403);
  EXPECT_EQ(post({origin, {"X-CSRF-Token", std::string(43, 'A')}}), 403);
  EXPECT_EQ(post({origin, {"X-CSRF-Token", LoggedIn(ben_).csrf_token}}), 403);
  for (const char* other : {"https://evil.example", "null", "http://127.0.0.1", "http://localhost:1"}) {
    EXPECT_EQ(post({token, {"Origin", other}}), 403) << other;
  }
  for (const char* site : {"cross-site", "same-site", "none, same-origin"}) {
    EXPECT_EQ(post({token, origin, {"Sec-Fetch-Site", site}}), 403) << site;
  }
  EXPECT_EQ(post({token, {"Sec-Fetch-Site", "none"}}), 403);
  EXPECT_EQ(post({token, token, origin}), 400);
}

TEST_F(BrowserTest, AnotherSiteReadsNothing) {
  Browser ana = LoggedIn(ana_);
  EXPECT_EQ(ana.Get("/api/me").status, 200);
  EXPECT_EQ(ana.Get("/api/me", {{"Sec-Fetch-Site", "same-origin"}}).status, 200);
  EXPECT_EQ(ana.Get("/api/me", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
  EXPECT_EQ(ana.Get("/api/me", {{"Origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(ana.Get("/api/tee/events", {{"Origin", "https://evil.example"}}).status, 403);
}

TEST_F(BrowserTest, ASocketMustSayWhichPageOpensIt) {
  Browser ana = LoggedIn(ana_);
  const auto open = [&](std::vector<net::HttpField> fields) {
    fields.insert(fields.end(), {{"Connection", "Upgrade"},
                                 {"Upgrade", "websocket"},
                                 {"Sec-WebSocket-Version", "12"},
                                 {"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}});
    return ana.Get("/api/tee/ws", std::move(fields)).status;
  };
  EXPECT_EQ(open({{"Origin", ana.origin()}}), 426);  // may come in, and says its version
  EXPECT_EQ(open({}), 403);
  EXPECT_EQ(open({{"Origin", "https://evil.example"}}), 403);
}

TEST_F(BrowserTest, AKeyWinsOverACookie) {
  Browser ana = LoggedIn(ana_);
  const codec::Json made = ana.Json(ana.Post("/api/admin/users", R"({"email":"ben@insurer.example"})"));
  const net::HttpField key{"X-API-Key", std::string(made.at("api_key").as_string())};
  EXPECT_EQ(ana.TextAt(ana.Get("/api/me", {key}), "/user/email"), "ben@insurer.example");
  EXPECT_EQ(ana.Get("/api/me", {{"X-API-Key", "wrong"}}).status, 401);
  EXPECT_EQ(ana.Get("/api/me", {{"Authorization", "Basic YTpi"}}).status, 401);
  // What a page cannot add without asking needs no token.
  EXPECT_EQ(ana.Send({.method = net::HttpMethod::kPost,
                      .target = "/api/keys",
                      .fields = {key, {"Content-Type", "application/json"}},
                      .body = R"({"name":"k"})"})
                .status,
            201);
}

TEST_F(BrowserTest, TwoCookiesOfOneNameAreNone) {
  Browser ana = LoggedIn(ana_);
  const std::string value = ana.jar.at("cloister_session");
  ana.jar.clear();
  const auto status = [&](const std::string& cookie) { return ana.Get("/api/me", {{"Cookie", cookie}}).status; };
  EXPECT_EQ(status("a=b; cloister_session=" + value + ";c=d"), 200);
  EXPECT_EQ(status("cloister_session=" + value + "; cloister_session=" + value), 401);
  EXPECT_EQ(status("xcloister_session=" + value), 401);
  EXPECT_EQ(status("cloister_session=" + value.substr(1)), 401);
  EXPECT_EQ(status("cloister_session=" + std::string(43, 'A')), 401);
  EXPECT_EQ(status(";;; =; cloister_session"), 401);
}

TEST_F(BrowserTest, LoggedOutIsOut) {
  Browser ana = LoggedIn(ana_);
  const auto before = ana.jar;
  EXPECT_EQ(ana.Post("/api/logout").status, 200);
  EXPECT_TRUE(ana.jar.empty());
  ana.jar = before;
  EXPECT_EQ(ana.Get("/api/me").status, 401);
  Browser here = LoggedIn(ana_), there = LoggedIn(ana_), ben = LoggedIn(ben_);
  EXPECT_EQ(here.Json(here.Get("/api/sessions")).at("sessions").as_array().size(), 2u);
  const net::HttpAnswer ended = here.Send({.method = net::HttpMethod::kDelete,
                                           .target = "/api/sessions",
                                           .fields = {{"Origin", here.origin()}, {"X-CSRF-Token", here.csrf_token}}});
  EXPECT_EQ(here.Json(ended).at("ended"), 2);
  EXPECT_EQ(there.Get("/api/me").status, 401);
  EXPECT_EQ(ben.Get("/api/me").status, 200);
}

TEST_F(BrowserTest, ALoginBringsANewIdAndEndsTheOldOne) {
  Browser ana = LoggedIn(ana_);
  const auto before = ana.jar;
  EXPECT_EQ(ana.Get(GoAndReturn(ana, ana_)).status, 303);
  EXPECT_NE(ana.jar, before);
  EXPECT_EQ(ana.Get("/api/me").status, 200);
  ana.jar = before;
  EXPECT_EQ(ana.Get("/api/me").status, 401);
}

TEST_F(BrowserTest, SessionsSurviveARestart) {
  Browser before = LoggedIn(ana_);
  RestartServer();
  Browser after = NewBrowser();
  after.jar = before.jar;
  EXPECT_EQ(after.Get("/api/me").status, 200);
  after.csrf_token = before.csrf_token;
  EXPECT_EQ(after.Post("/api/keys", R"({"name":"k"})").status, 201);
}

TEST_F(BrowserTest, ADisabledUserIsOutEverywhere) {
  Browser ana = LoggedIn(ana_), ben = LoggedIn(ben_);
  const std::string key(ben.Json(ben.Post("/api/keys", R"({"name":"k"})")).at("api_key").as_string());
  const std::string id = ben.TellOfMe("/user/id");
  const std::string user = "/api/admin/users/" + id;
  EXPECT_EQ(ben.Post(user + "/disable").status, 403);
  const net::HttpAnswer disabled = ana.Post(user + "/disable");
  EXPECT_EQ(disabled.status, 200) << disabled.body;
  EXPECT_TRUE(ana.Json(disabled).at("user").as_object().contains("disabled_at"));
  EXPECT_EQ(ben.Get("/api/me").status, 401);
  EXPECT_EQ(Person(server_->port(), key).Get("/api/me").status, 401);
  // Ended, not only hidden by his being disabled.
  const UserId user_id = *UserId::Parse(id);
  EXPECT_TRUE(store_->sessions.Of(user_id, clock_.Now())->empty());
  const auto keys = store_->users.ApiKeysOf(user_id).value();
  for (const ApiKeyRecord& each : keys) EXPECT_LE(each.expires_at, clock_.Now());
  EXPECT_NE(RefusalOf(ben_).find("disabled"), std::string::npos);
  EXPECT_EQ(Anonymous().Post("/api/dev/login", {{"email", "ben@insurer.example"}}).status, 403);
  EXPECT_EQ(ana.Post(user + "/enable").status, 200);
  EXPECT_EQ(ben.Get("/api/me").status, 401);
  EXPECT_EQ(Person(server_->port(), key).Get("/api/me").status, 401);
  EXPECT_EQ(RefusalOf(ben_), "");
}

TEST_F(BrowserTest, OneAdministratorIsAlwaysLeft) {
  Browser ana = LoggedIn(ana_), ben = LoggedIn(ben_);
  const auto id_of = [](Browser& browser) { return browser.TellOfMe("/user/id"); };
  const auto remove_role = [&](const std::string& id) {
    return ana
        .Send({.method = net::HttpMethod::kDelete,
               .target = "/api/admin/users/" + id + "/administrator",
               .fields = {{"Origin", ana.origin()}, {"X-CSRF-Token", ana.csrf_token}}})
        .status;
  };
  EXPECT_EQ(ana.Post("/api/admin/users/" + id_of(ana) + "/disable").status, 409);
  EXPECT_EQ(remove_role(id_of(ana)), 409);
  EXPECT_EQ(remove_role(id_of(ben)), 200);  // he has none
  EXPECT_EQ(remove_role("usr_" + std::string(26, '0')), 404);
  const codec::Json asked = ben.Json(ben.Post("/api/admin/requests"));
  const std::string request = "/api/admin/requests/" + std::string(asked.at_pointer("/request/id").as_string());
  const codec::Json approved = ana.Json(ana.Post(request + "/approve"));
  EXPECT_EQ(approved.at_pointer("/request/decided_by").as_string(), id_of(ana));
  EXPECT_TRUE(approved.at("request").as_object().contains("decided_at"));
  EXPECT_EQ(remove_role(id_of(ana)), 200);
  EXPECT_EQ(ana.Get("/api/admin/users").status, 403);
  EXPECT_EQ(ben.Post("/api/admin/users/" + id_of(ben) + "/disable").status, 409);
}

TEST_F(BrowserTest, ABrowserLogsInForDevelopmentToo) {
  Browser ana = NewBrowser();
  const net::HttpAnswer made = ana.Post("/api/dev/login", R"({"email":"ana@hospital.example","session":true})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_FALSE(ana.Json(made).as_object().contains("api_key"));
  ana.csrf_token = std::string(ana.Json(made).at_pointer("/session/csrf_token").as_string());
  EXPECT_EQ(ana.Post("/api/keys", R"({"name":"k"})").status, 201);
  EXPECT_EQ(ana.Post("/api/dev/login", R"({"email":"a@b","session":1})").status, 400);
  const net::HttpAnswer elsewhere =
      ana.Send({.method = net::HttpMethod::kPost,
                .target = "/api/dev/login",
                .fields = {{"Content-Type", "application/json"}, {"Origin", "http://127.0.0.1:1"}},
                .body = R"({"email":"a@b","session":true})"});
  EXPECT_EQ(elsewhere.status, 403);
}

TEST_F(BrowserTest, ABrowserSignsForItsUser) {
  Browser ana = LoggedIn(ana_);
  EXPECT_EQ(ana.Post("/api/participant-keys", R"({"custody":"server"})").status, 201);
  const net::HttpAnswer made = ana.Post("/api/tee/environments", R"({"name":"study","recovery":"operator"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string tee = "/api/tee/environments/" + ana.TextAt(made, "/tee/id");
  EXPECT_EQ(ana.Post(tee + "/acceptances").status, 200);
  EXPECT_EQ(LoggedIn(ben_).Post(tee + "/acceptances").status, 404);
}

// To come in as invited signs for him where the server has his key; a link in somebody's mail must not do that.
TEST_F(BrowserTest, ALinkDoesNotBringTheInvitedIn) {
  Browser ana = LoggedIn(ana_);
  ana.Post("/api/participant-keys", R"({"custody":"server"})");
  const char* const study = R"({"name":"study","recovery":"operator","participant_emails":["ben@insurer.example"]})";
  const net::HttpAnswer made = ana.Post("/api/tee/environments", study);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string tee = "/api/tee/environments/" + ana.TextAt(made, "/tee/id");
  Browser ben = LoggedIn(ben_);
  for (const char* site : {"none", ""}) {
    const std::vector<net::HttpField> fields = *site ? std::vector<net::HttpField>{{"Sec-Fetch-Site", site}}
                                                     : std::vector<net::HttpField>{};
    EXPECT_TRUE(ben.Json(ben.Get("/api/tee/environments", fields)).at("tees").as_array().empty());
    EXPECT_EQ(ben.Get(tee, fields).status, 404);
  }
  EXPECT_EQ(ben.Get(tee, {{"Sec-Fetch-Site", "same-origin"}}).status, 200);
  EXPECT_EQ(ben.Get(tee).status, 200);
}

TEST_F(BrowserTest, LimitsCountAUserWithAllHisBrowsers) {
  limits_.requests_per_minute = 5;
  RestartServer();
  Browser here = LoggedIn(ana_), there = LoggedIn(ana_);  // each asked once
  for (int i = 0; i < 3; ++i) EXPECT_EQ(here.Get("/api/me").status, 200);
  EXPECT_EQ(there.Get("/api/me").status, 429);
  EXPECT_EQ(LoggedIn(ben_).Get("/api/me").status, 200);
}

}  // namespace
}  // namespace cloister::control
