#include "net/server/router.h"

#include <gtest/gtest.h>

namespace cloister::net {
namespace {

Handler Nothing() {
  return [](const Request&) -> Result<Response> { return Response{}; };
}

TEST(Router, PrefersLiteralsAndNamesTheRest) {
  Router router;
  router.Add("GET", "/things/{id}", Nothing());
  router.Add("GET", "/things/new", Nothing());
  router.Add("POST", "/things/{id}/parts/{part}", Nothing());
  EXPECT_EQ(router.Find("GET", {"things", "new"}).route->pattern, "/things/new");
  const auto match = router.Find("POST", {"things", "7", "parts", "2"});
  EXPECT_EQ(match.params, (std::map<std::string, std::string>{{"id", "7"}, {"part", "2"}}));
}

TEST(Router, TellsAbsentFromNotAllowed) {
  Router router;
  router.Add("GET", "/things", Nothing());
  router.Add("POST", "/things", Nothing());
  EXPECT_EQ(router.Find("DELETE", {"things"}).allowed, "GET, POST");
  EXPECT_EQ(router.Find("GET", {"thing"}).allowed, "");
  EXPECT_EQ(router.Find("GET", {"thing"}).route, nullptr);
  EXPECT_NE(router.Find("HEAD", {"things"}).route, nullptr);
}

}  // namespace
}  // namespace cloister::net
