#pragma once

// Somebody in a browser, for tests of what browsers are served. Room-private.

#include "codec/ascii.h"
#include "control/server_for_test.h"

namespace cloister::control {

// As much of a browser as a server can tell: it keeps cookies and follows nothing by itself.
class Browser {
 public:
  explicit Browser(std::uint16_t port)
      : origin_("http://127.0.0.1:" + std::to_string(port)), transport_(*net::ServerAddress::Parse(origin_)) {}

  net::HttpAnswer Send(net::HttpRequest request) {
    std::string cookies;
    for (const auto& [name, value] : jar) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    if (!cookies.empty()) request.fields.push_back({"Cookie", cookies});
    auto answer = transport_.Perform(request);
    EXPECT_TRUE(answer.has_value()) << request.target;
    if (!answer) return {};
    for (const net::HttpField& field : answer->fields) {
      if (codec::LowerCase(field.name) == "set-cookie") Keep(field.value);
    }
    return *answer;
  }
  net::HttpAnswer Get(std::string target, std::vector<net::HttpField> fields = {}) {
    return Send({.target = std::move(target), .fields = std::move(fields)});
  }
  // As a page of the site itself sends it.
  net::HttpAnswer Post(std::string target, std::string body = "{}") {
    return Send({.method = net::HttpMethod::kPost,
                 .target = std::move(target),
                 .fields = {{"Content-Type", "application/json"},
                            {"Origin", origin_},
                            {"Sec-Fetch-Site", "same-origin"},
                            {"X-CSRF-Token", csrf_token}},
                 .body = std::move(body)});
  }
  codec::Json Json(const net::HttpAnswer& answer) { return *codec::ParseJson(answer.body); }
  // A text of an answer's JSON.
  std::string TextAt(const net::HttpAnswer& answer, const char* pointer) {
    return std::string(Json(answer).at_pointer(pointer).as_string());
  }
  std::string TellOfMe(const char* pointer) { return TextAt(Get("/api/me"), pointer); }
  void ReadToken() {
    csrf_token = std::string(Json(Get("/api/session")).at_pointer("/session/csrf_token").as_string());
  }

  std::map<std::string, std::string> jar;
  std::vector<std::string> set_cookies;
  std::string csrf_token;
  const std::string& origin() const { return origin_; }

 private:
  void Keep(const std::string& field) {
    set_cookies.push_back(field);
    const std::size_t equals = field.find('=');
    const std::string value = field.substr(equals + 1, field.find(';') - equals - 1);
    if (value.empty())
      jar.erase(field.substr(0, equals));
    else
      jar[field.substr(0, equals)] = value;
  }
  std::string origin_;
  net::CurlTransport transport_;
};

class LoginTest : public ServerFixture {
 protected:
  Browser NewBrowser() { return Browser(server_->port()); }

  // Sends the browser to the issuer, where `person` logs in; the target that it is sent back to.
  std::string GoAndReturn(Browser& browser, const FakeIssuer::Person& person, const std::string& query = "") {
    const net::HttpAnswer sent = browser.Get("/api/login" + query);
    EXPECT_EQ(sent.status, 302) << sent.body;
    const std::string address(sent.Field("location"));
    const std::string code = fake_issuer_.Visit(address, person);
    return "/api/login/callback?state=" + FakeIssuer::Member(address, "state") + "&code=" + net::EncodeSegment(code) +
           "&scope=email%20openid&authuser=0&prompt=none";
  }
  Browser LoggedIn(const FakeIssuer::Person& person = {}) {
    Browser browser = NewBrowser();
    const net::HttpAnswer back = browser.Get(GoAndReturn(browser, person));
    EXPECT_EQ(back.status, 303) << back.body;
    browser.ReadToken();
    return browser;
  }
  // The refusal's words; empty where somebody is logged in.
  std::string RefusalOf(const FakeIssuer::Person& person) {
    Browser browser = NewBrowser();
    const net::HttpAnswer back = browser.Get(GoAndReturn(browser, person));
    return back.status == 303 ? "" : std::string(browser.Json(back).at("message").as_string());
  }

  const FakeIssuer::Person ana_{.subject = "1", .email = "ana@hospital.example", .domain = "hospital.example"};
  const FakeIssuer::Person ben_{.subject = "2", .email = "ben@insurer.example", .domain = "insurer.example"};
};

}  // namespace cloister::control
