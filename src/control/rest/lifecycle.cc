// POST .../environments/{id}/suspend, .../resume: about availability alone, so no document goes with them; they are the
// creator's, since whoever can stop an enclave can keep others waiting.

#include "control/rest/environment_json.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

Result<net::Response> Switch(const Api& api, const net::Request& request, bool on) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  if (member.record.creator != member.caller.user.id) {
    return Error{Code::kPermissionDenied, "only who created an environment suspends and resumes it"};
  }
  CLOISTER_TRY(ReadNothing(request));
  // A request that comes again, since its answer was lost, finds it done.
  const bool is_so = member.session->health().lifecycle == (on ? Lifecycle::kRunning : Lifecycle::kSuspended);
  if (member.caller.note.empty() || !is_so) CLOISTER_TRY(on ? member.session->Resume() : member.session->Suspend());
  CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
  const std::string_view message = !on                                    ? "The enclave is stopped."
                                   : member.session->health().enclave_runs ? "The enclave runs again."
                                                                           : "The enclave is being started.";
  return JsonResponse(200, {{"tee", std::move(tee)}, {"message", message}});
}

}  // namespace

void AddLifecycleRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/environments/{id}";
  router.Add("POST", base + "/suspend", [&api](const net::Request& request) { return Switch(api, request, false); });
  router.Add("POST", base + "/resume", [&api](const net::Request& request) { return Switch(api, request, true); });
}

}  // namespace cloister::control
