#include "control/rest/preconditions.h"

#include "codec/text.h"
#include "crypto/digest.h"
#include "net/server/problem.h"

namespace cloister::control {

std::string EntityTag(std::string_view content) {
  return '"' + codec::HexEncode(crypto::Sha256(AsBytes(content))).substr(0, 32) + '"';
}

std::optional<net::Response> CheckIfMatch(const net::Request& request, std::string_view present) {
  const std::string* given = request.Header("if-match");
  if (given == nullptr) {
    return net::ProblemResponse({.status = 428,
                                 .error = "PRECONDITION_REQUIRED",
                                 .message = "send If-Match with the ETag of what you read, so that nobody's change is "
                                            "lost"});
  }
  if (*given == present || *given == "*") return std::nullopt;
  net::Response response = net::ProblemResponse({.status = 412,
                                                 .error = "PRECONDITION_FAILED",
                                                 .message = "it has changed since you read it; read it again"});
  response.headers.emplace_back("etag", present);
  return response;
}

}  // namespace cloister::control
