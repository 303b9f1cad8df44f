// GET /livez, /readyz, /api/tee/health: for load balancers and people; no key needed, nothing told.

#include "control/rest/routes.h"

namespace cloister::control {

void AddHealthRoutes(net::Router& router, const Api& api) {
  const auto alive = [](const net::Request&) -> Result<net::Response> { return JsonResponse(200, {{"status", "ok"}}); };
  router.Add("GET", "/livez", alive);
  router.Add("GET", "/readyz", alive);
  router.Add("GET", "/api/tee/health", [&api](const net::Request&) -> Result<net::Response> {
    return JsonResponse(
        200, {{"status", "ok"}, {"provider", api.provider.name()}, {"time", FormatRfc3339(api.clock.Now())}});
  });
}

}  // namespace cloister::control
