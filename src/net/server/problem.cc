#include "net/server/problem.h"

namespace cloister::net {
namespace {

std::string_view ErrorNameOf(int status) {
  switch (status) {
    case 404: return "NOT_FOUND";
    case 408: return "DEADLINE_EXCEEDED";
    case 413:
    case 431: return "RESOURCE_EXHAUSTED";
    case 503: return "UNAVAILABLE";
    case 501:
    case 505: return "INVALID_ARGUMENT";  // of the request, not a fault of ours
    default: return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
  }
}

}  // namespace

Response ProblemResponse(const Problem& problem) {
  codec::JsonObject body = problem.more;
  body["type"] = problem.type;
  body["title"] = ReasonPhrase(problem.status);
  body["status"] = problem.status;
  body["detail"] = problem.message;
  body["error"] = problem.error;
  body["message"] = problem.message;
  Response response;
  response.status = problem.status;
  response.headers = {{"content-type", "application/problem+json"}};
  response.body = codec::WriteJson(codec::Json(std::move(body)));
  return response;
}

Response RefusalResponse(int status, std::string_view message) {
  return ProblemResponse(
      {.status = status, .error = std::string(ErrorNameOf(status)), .message = std::string(message)});
}

}  // namespace cloister::net
