// The routes of the running server and those of api/openapi.yaml are the same, both ways.
#include <set>

#include "control/rest/gate.h"
#include "control/rest/scope.h"
#include "control/server_for_test.h"

namespace cloister::control {
namespace {

std::string Upper(std::string_view method) {
  std::string upper(method);
  for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

class ContractTest : public ServerFixture {
 protected:
  codec::JsonObject Paths() {
    const Reply reply = Anonymous().Get("/openapi.json");
    EXPECT_EQ(reply.status, 200);
    return reply.json.at("paths").as_object();
  }
  // "GET /api/me" and so on, as a server's file has it.
  static std::set<std::string> Described(const codec::JsonObject& paths) {
    std::set<std::string> names;
    for (const auto& [path, item] : paths) {
      for (const auto& [method, operation] : item.as_object()) names.insert(Upper(method) + " " + std::string(path));
    }
    return names;
  }
  // As a server has it.
  static std::set<std::string> Served(const net::Router& router) {
    std::set<std::string> names;
    for (const net::Route* route : router.routes()) names.insert(route->method + " " + route->pattern);
    return names;
  }
};

TEST_F(ContractTest, EveryRouteIsDescribedAndEveryDescriptionIsARoute) {
  EXPECT_EQ(Described(Paths()), Served(MakeRouter(*api_)));
}

// Also of a server without an issuer, without --dev-login, without both.
TEST_F(ContractTest, WhatAServerHasNotItDoesNotDescribe) {
  std::set<std::size_t> sizes;
  for (const bool development : {false, true}) {
    for (Issuer* issuer : {static_cast<Issuer*>(nullptr), api_->issuer}) {
      Api api{*store_, *fleet_, *custodian_, *vault_, provider_, checker_, blobs_, clock_, rng_, development, nullptr,
              limits_};
      api.issuer = issuer;
      const net::Router router = MakeRouter(api);
      const auto file = router.Find("GET", {"openapi.json"}).route->handler({});
      const codec::Json contract = codec::ParseJson(file->body, {.bytes_max = file->body.size()}).value();
      EXPECT_EQ(Described(contract.at("paths").as_object()), Served(router));
      sizes.insert(Served(router).size());
    }
  }
  EXPECT_EQ(sizes.size(), 4u) << "each has other routes";
}

TEST_F(ContractTest, ScopesAndOpenRoutesAreTheOnesThatItSays) {
  for (const auto& [path, item] : Paths()) {
    for (const auto& [method, operation] : item.as_object()) {
      const auto& members = operation.as_object();
      const bool open = members.at("x-access") == "open";
      EXPECT_EQ(IsOpenRoute(path), open) << path;
      if (open) continue;
      EXPECT_EQ(ScopeOf(Upper(method), path), members.at("x-scope").as_string()) << method << " " << path;
    }
  }
}

TEST_F(ContractTest, ThePageHasNoScriptAndNothingOfAnotherSite) {
  const Reply page = Anonymous().Get("/docs");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  // Examples may name other sites; nothing is loaded from one or leads there.
  for (const char* leads : {"src=\"http", "href=\"http", "action=\"http", "url(http", "@import"}) {
    EXPECT_EQ(page.body.find(leads), std::string::npos) << leads;
  }
  EXPECT_EQ(Anonymous().Get("/docs/style.css").status, 200);
}

}  // namespace
}  // namespace cloister::control
