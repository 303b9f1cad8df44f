// The routes of the running server and those of api/openapi.yaml are the same, both ways.
#include <set>

#include "control/rest/gate.h"
#include "control/rest/scope.h"
#include "control/server_for_test.h"

namespace cloister::control {
namespace {

class ContractTest : public ServerFixture {
 protected:
  codec::JsonObject Paths() {
    const Reply reply = Anonymous().Get("/openapi.json");
    EXPECT_EQ(reply.status, 200);
    return reply.json.at("paths").as_object();
  }
  // "GET /api/me" and so on, of this server.
  std::set<std::string> Served() {
    std::set<std::string> names;
    const net::Router router = MakeRouter(*api_);
    for (const net::Route* route : router.routes()) names.insert(route->method + " " + route->pattern);
    return names;
  }
};

std::string Upper(std::string_view method) {
  std::string upper(method);
  for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

TEST_F(ContractTest, EveryRouteIsDescribedAndEveryDescriptionIsARoute) {
  std::set<std::string> described;
  for (const auto& [path, item] : Paths()) {
    for (const auto& [method, operation] : item.as_object()) {
      described.insert(Upper(method) + " " + std::string(path));
    }
  }
  EXPECT_EQ(described, Served());
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
