// GET /openapi.json, /docs: what this API is, as a file for programs and a page for people. The page has no script and
// nothing of another site.

#include "control/rest/contract.h"

#include "control/rest/preconditions.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

constexpr const char* kPagePolicy =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Page {
  std::string_view type;
  std::string_view text;
};

net::Handler Serve(const Page& page) {
  return [page](const net::Request&) -> Result<net::Response> {
    net::Response response;
    response.headers = {{"content-type", std::string(page.type)},
                        {"content-security-policy", kPagePolicy},
                        {"cache-control", "no-cache"},
                        {"etag", EntityTag(page.text)}};
    response.body = page.text;
    return response;
  };
}

}  // namespace

void AddContractRoutes(net::Router& router, const Api&) {
  router.Add("GET", "/openapi.json", Serve({"application/json", OpenApiJson()}));
  router.Add("GET", "/docs", Serve({"text/html; charset=utf-8", ReferencePage()}));
  router.Add("GET", "/docs/style.css", Serve({"text/css; charset=utf-8", ReferenceStyle()}));
}

}  // namespace cloister::control
