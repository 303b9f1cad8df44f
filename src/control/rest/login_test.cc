// People in browsers: the way to the issuer and back, and what thieves, namesakes and wrong issuers try.
#include "control/rest/browser_for_test.h"

namespace cloister::control {
namespace {

TEST_F(LoginTest, TheFirstIsAdministratorAndLandsWhereHeWanted) {
  Browser browser = NewBrowser();
  const net::HttpAnswer back = browser.Get(GoAndReturn(browser, ana_, "?return_to=%2Fdocs%3Fa%3Db%23c"));
  EXPECT_EQ(back.status, 303) << back.body;
  EXPECT_EQ(back.Field("location"), "/docs?a=b#c");
  EXPECT_EQ(back.Field("referrer-policy"), "no-referrer");
  EXPECT_FALSE(browser.jar.contains("cloister_login"));
  const codec::Json session = browser.Json(browser.Get("/api/session"));
  EXPECT_EQ(session.at_pointer("/user/email"), "ana@hospital.example");
  EXPECT_EQ(session.at_pointer("/user/organisation"), "hospital.example");
  EXPECT_EQ(session.at_pointer("/user/name"), "Ana Example");
  EXPECT_EQ(session.at_pointer("/user/administrator"), true);
  EXPECT_EQ(LoggedIn(ben_).Get("/api/admin/users").status, 403);
  EXPECT_EQ(LoggedIn(ana_).Get("/api/admin/users").status, 200);
}

TEST_F(LoginTest, AnAnswerIsTakenOnceAndFromTheBrowserThatAsked) {
  Browser ana = NewBrowser();
  const std::string back = GoAndReturn(ana, ana_);
  // Somebody who got hold of the address, and somebody who began a login of his own.
  Browser thief = NewBrowser();
  EXPECT_EQ(thief.Get(back).status, 403);
  GoAndReturn(thief, ben_);
  EXPECT_EQ(thief.Get(back).status, 403);
  EXPECT_FALSE(thief.jar.contains("cloister_session"));
  // His attempts took nothing from her.
  const std::string cookie = ana.jar.at("cloister_login");
  EXPECT_EQ(ana.Get(back).status, 303);
  ana.jar["cloister_login"] = cookie;
  EXPECT_EQ(ana.Get(back).status, 403);
  const std::string state(43, 'A');
  EXPECT_EQ(ana.Get("/api/login/callback?state=" + state + "&code=x").status, 403);
}

TEST_F(LoginTest, AnswersThatNoIssuerSends) {
  Browser browser = NewBrowser();
  const std::string state = "state=" + std::string(43, 'A');
  const std::string queries[] = {"",
                                 state,
                                 "code=x",
                                 "state=short&code=x",
                                 state + "&code=x&error=y",
                                 state + "&code=",
                                 state + "&code=%C3%A4",
                                 state + "!&code=x",
                                 state + "&code=" + std::string(2049, 'c')};
  for (const std::string& query : queries) {
    EXPECT_EQ(browser.Get("/api/login/callback?" + query).status, 400) << query;
  }
  const net::HttpAnswer page = browser.Get("/api/login/callback?state=<script>", {{"Accept", "text/html,*/*"}});
  EXPECT_EQ(page.status, 400);
  EXPECT_EQ(page.Field("content-type"), "text/html; charset=utf-8");
  EXPECT_TRUE(page.Field("content-security-policy").starts_with("default-src 'none'"));
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_NE(page.body.find("href=\"/api/login\""), std::string::npos);
}

TEST_F(LoginTest, WhoSaysNoIsNotLoggedIn) {
  Browser browser = NewBrowser();
  const std::string back = GoAndReturn(browser, ana_);
  const std::string state = back.substr(0, back.find("&code"));
  const net::HttpAnswer said_no = browser.Get(state + "&error=access_denied");
  EXPECT_EQ(said_no.status, 403);
  EXPECT_EQ(browser.Json(said_no).at("message"), "the login was cancelled");
  EXPECT_EQ(browser.Get(back).status, 403);  // and that was the answer
}

TEST_F(LoginTest, ReturnsToPagesOfThisServerAlone) {
  Browser browser = NewBrowser();
  for (const char* path : {"https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "docs", "",
                           "%2Fapi%2Flogin", "%2Fa%20b", "%2F%C3%A4"}) {
    EXPECT_EQ(browser.Get(std::string("/api/login?return_to=") + path).status, 400) << path;
  }
  EXPECT_EQ(browser.Get("/api/login?return_to=%2F" + std::string(512, 'a')).status, 400);
}

TEST_F(LoginTest, AnIssuerThatCannotBeReachedIsAPage) {
  fake_issuer_.failing_status = 500;
  Browser browser = NewBrowser();
  EXPECT_EQ(browser.Get("/api/login").status, 503);
  EXPECT_EQ(browser.Get("/api/login", {{"Accept", "text/html"}}).status, 503);
  fake_issuer_.failing_status = 0;
  const std::string back = GoAndReturn(browser, ana_);
  fake_issuer_.failing_status = 500;
  EXPECT_EQ(browser.Get(back).status, 503);
}

TEST_F(LoginTest, ASubjectIsWhoHeIsWhateverHisAddress) {
  const std::string id = LoggedIn(ana_).TellOfMe("/user/id");
  FakeIssuer::Person renamed = ana_;
  renamed.email = "ana.new@hospital.example";
  Browser later = LoggedIn(renamed);
  EXPECT_EQ(later.TellOfMe("/user/id"), id);
  EXPECT_EQ(later.TellOfMe("/user/email"), "ana@hospital.example");
  // Her old address was given to somebody else, who is not her.
  FakeIssuer::Person heir = ana_;
  heir.subject = "3";
  EXPECT_NE(RefusalOf(heir).find("belongs to another login"), std::string::npos) << RefusalOf(heir);
}

TEST_F(LoginTest, AnAccountThatAnAdministratorMadeIsTakenOverOnce) {
  Browser ana = LoggedIn(ana_);
  ASSERT_EQ(ana.Post("/api/admin/users", R"({"email":"ben@insurer.example","name":"Ben"})").status, 201);
  Browser ben = LoggedIn(ben_);
  EXPECT_EQ(ben.TellOfMe("/user/name"), "Ben");
  FakeIssuer::Person namesake = ben_;
  namesake.subject = "4";
  EXPECT_NE(RefusalOf(namesake), "");
}

TEST_F(LoginTest, AnAccountThatNobodyAnsweredForIsNotTakenOver) {
  LogIn("ana@hospital.example");  // by whoever was at this machine: its API key is his
  EXPECT_NE(RefusalOf(ana_).find("was made without a login"), std::string::npos);
}

TEST_F(LoginTest, GoogleMustAnswerForTheAddress) {
  EXPECT_NE(RefusalOf({.subject = "9", .email = "ben@insurer.example"}).find("Google answers for"), std::string::npos);
  Browser gmail = LoggedIn({.subject = "8", .email = "eve@gmail.com"});
  EXPECT_EQ(gmail.TellOfMe("/user/organisation"), "eve@gmail.com");
}

TEST_F(LoginTest, ATokenThatIsWrongLogsNobodyIn) {
  fake_issuer_.change_claims = [](codec::JsonObject& claims) { claims["aud"] = "another"; };
  EXPECT_NE(RefusalOf(ana_).find("aud is another client"), std::string::npos);
  EXPECT_TRUE(store_->users.AllUsers()->empty());
}

// Browsers send cookies with WebSockets that any page opens, and ask nobody.
TEST_F(LoginTest, LoginsThatBeginAreCountedTogether) {
  int begun = 0;
  while (begun < 2000 && NewBrowser().Get("/api/login").status == 302) ++begun;
  EXPECT_GE(begun, 600);
  EXPECT_LT(begun, 2000);
  EXPECT_EQ(NewBrowser().Get("/api/login").Field("retry-after"), "1");
}

TEST_F(LoginTest, HowPeopleLogInHere) {
  const Reply methods = Anonymous().Get("/api/login/methods");
  EXPECT_EQ(methods.Text("issuer"), "https://accounts.google.com");
  EXPECT_TRUE(methods.At("/development").as_bool());
  Person person = LogIn("ana@hospital.example");
  EXPECT_TRUE(person.Get("/api/session").json.at("session").is_null());
  EXPECT_EQ(person.Post("/api/logout").status, 409);
}

// Without an issuer and without --dev-login there are neither routes nor sessions, whatever cookie comes.
TEST_F(LoginTest, AServerWithoutLoginHasNone) {
  const net::Router without = MakeRouter(
      Api{*store_, *fleet_, *custodian_, *vault_, provider_, checker_, blobs_, clock_, rng_, false, nullptr, limits_});
  EXPECT_EQ(without.Find("GET", {"api", "login"}).route, nullptr);
  EXPECT_EQ(without.Find("GET", {"api", "session"}).route, nullptr);
  EXPECT_NE(without.Find("GET", {"api", "login", "methods"}).route, nullptr);
}

}  // namespace
}  // namespace cloister::control
