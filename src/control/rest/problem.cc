#include "control/rest/problem.h"

#include "net/server/problem.h"

namespace cloister::control {

int StatusOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument: return 400;
    case Code::kUnauthenticated: return 401;
    case Code::kPermissionDenied: return 403;
    case Code::kNotFound: return 404;
    case Code::kConflict:
    case Code::kFailedPrecondition:
    case Code::kCancelled: return 409;
    case Code::kRefused:
    case Code::kVerificationFailed: return 422;
    case Code::kResourceExhausted: return 429;
    case Code::kUnavailable: return 503;
    case Code::kDeadlineExceeded: return 504;
    case Code::kDataLoss:
    case Code::kInternal: return 500;
  }
  return 500;
}

net::Response RenderProblem(const Error& error) {
  net::Response response = net::ProblemResponse({.status = StatusOf(error.code),
                                                 .error = std::string(CodeName(error.code)),
                                                 .message = error.public_message});
  if (error.code == Code::kUnauthenticated) response.headers.emplace_back("www-authenticate", "Bearer");
  if (error.code == Code::kUnavailable) response.headers.emplace_back("retry-after", "1");
  return response;
}

net::Response RenderExhausted(std::string_view message, std::int64_t retry_after_seconds) {
  net::Response response = RenderProblem(ResourceExhausted(std::string(message)));
  response.headers.emplace_back("retry-after", std::to_string(retry_after_seconds));
  return response;
}

net::Response RenderViolations(codec::JsonArray violations, codec::JsonObject more) {
  more["violations"] = std::move(violations);
  return net::ProblemResponse({.status = 422,
                               .error = std::string(CodeName(Code::kRefused)),
                               .message = "the query is refused by the rules of the data it reads",
                               .more = std::move(more)});
}

net::Response RenderWithoutEffect(codec::JsonObject answer) {
  std::string message = "your statement is recorded and has no effect";
  const codec::Json& refused = answer.at("refused");
  const codec::Json* reasons = refused.is_object() ? refused.get_object().if_contains("reasons") : nullptr;
  if (reasons != nullptr && reasons->is_array()) {
    for (const codec::Json& reason : reasons->get_array()) {
      if (reason.is_string()) message += "; " + std::string(reason.get_string());
    }
  }
  return net::ProblemResponse({.status = 409,
                               .error = std::string(CodeName(Code::kFailedPrecondition)),
                               .message = std::move(message),
                               .more = std::move(answer)});
}

}  // namespace cloister::control
