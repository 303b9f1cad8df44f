// GET /openapi.json, /docs: what this API is, as a file for programs and a page for people. The file names what this
// server has; the page says of each operation what it needs. The page has no script and nothing of another site.

#include "control/rest/contract.h"

#include "base/check.h"
#include "control/rest/browser.h"
#include "control/rest/preconditions.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

constexpr const char* kPagePolicy =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Page {
  std::string_view type;
  std::string text;
};

bool IsThere(const Api& api, const codec::Json& operation) {
  const codec::Json* needs = operation.as_object().if_contains("x-when");
  if (needs == nullptr) return true;
  if (*needs == "issuer") return api.issuer != nullptr;
  if (*needs == "development") return api.dev_login;
  CLOISTER_CHECK(*needs == "browsers");
  return WelcomesBrowsers(api);
}

// The contract without what this server has not.
std::string ContractOf(const Api& api) {
  auto contract = codec::ParseJson(OpenApiJson(), {.bytes_max = OpenApiJson().size()});
  CLOISTER_CHECK(contract.has_value());
  codec::JsonObject paths;
  for (const auto& [path, item] : contract->at("paths").as_object()) {
    codec::JsonObject operations;
    for (const auto& [method, operation] : item.as_object()) {
      if (IsThere(api, operation)) operations.emplace(method, operation);
    }
    if (!operations.empty()) paths.emplace(path, std::move(operations));
  }
  contract->as_object()["paths"] = std::move(paths);
  return codec::WriteJson(*contract);
}

net::Handler Serve(const Page& page) {
  return [page, tag = EntityTag(page.text)](const net::Request&) -> Result<net::Response> {
    net::Response response;
    response.headers = {{"content-type", std::string(page.type)},
                        {"content-security-policy", kPagePolicy},
                        {"cache-control", "no-cache"},
                        {"etag", tag}};
    response.body = page.text;
    return response;
  };
}

}  // namespace

void AddContractRoutes(net::Router& router, const Api& api) {
  router.Add("GET", "/openapi.json", Serve({"application/json", ContractOf(api)}));
  router.Add("GET", "/docs", Serve({"text/html; charset=utf-8", std::string(ReferencePage())}));
  router.Add("GET", "/docs/style.css", Serve({"text/css; charset=utf-8", std::string(ReferenceStyle())}));
}

}  // namespace cloister::control
