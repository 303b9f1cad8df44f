// GET /livez, /readyz, /api/tee/health: for load balancers and people; no key needed, nothing told.

#include "control/rest/routes.h"

namespace cloister::control {

namespace {

// Ready as long as the store answers. Whether enclaves run is each environment's own matter, and is told on request.
Result<net::Response> Ready(const Api& api, const net::Request& request) {
  CLOISTER_TRY(api.store.changes.Newest());
  codec::JsonObject answer{{"status", "ok"}};
  if (!request.query.contains("verbose")) return JsonResponse(200, std::move(answer));
  std::int64_t environments = 0, enclaves = 0;
  for (const auto& session : api.fleet.All()) {
    ++environments;
    enclaves += session->health().enclave_runs ? 1 : 0;
  }
  answer["checks"] = {{"storage", "ok"}, {"environments", environments}, {"enclaves_running", enclaves}};
  return JsonResponse(200, std::move(answer));
}

}  // namespace

void AddHealthRoutes(net::Router& router, const Api& api) {
  const auto alive = [](const net::Request&) -> Result<net::Response> { return JsonResponse(200, {{"status", "ok"}}); };
  router.Add("GET", "/livez", alive);
  router.Add("GET", "/readyz", [&api](const net::Request& request) { return Ready(api, request); });
  router.Add("GET", "/api/tee/health", [&api](const net::Request&) -> Result<net::Response> {
    return JsonResponse(
        200, {{"status", "ok"}, {"provider", api.provider.name()}, {"time", FormatRfc3339(api.clock.Now())}});
  });
}

}  // namespace cloister::control
