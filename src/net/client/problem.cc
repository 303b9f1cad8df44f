#include "net/client/problem.h"

#include <array>
#include <optional>

namespace cloister::net {
namespace {

constexpr std::size_t kMessageBytesMax = 4096;

constexpr std::array kCodes = {
    Code::kInvalidArgument,   Code::kUnauthenticated,    Code::kPermissionDenied, Code::kNotFound,
    Code::kConflict,          Code::kFailedPrecondition, Code::kRefused,          Code::kVerificationFailed,
    Code::kResourceExhausted, Code::kDeadlineExceeded,   Code::kCancelled,        Code::kUnavailable,
    Code::kDataLoss,          Code::kInternal,
};

std::optional<Code> CodeOfName(std::string_view name) {
  for (const Code code : kCodes) {
    if (CodeName(code) == name) return code;
  }
  return std::nullopt;
}

std::string TextMember(const codec::JsonObject& problem, std::string_view name) {
  const codec::Json* member = problem.if_contains(name);
  if (member == nullptr || !member->is_string()) return {};
  return std::string(member->get_string()).substr(0, kMessageBytesMax);
}

std::string MessageOf(const codec::JsonObject& problem, int status) {
  for (const char* name : {"message", "detail", "title"}) {
    std::string text = TextMember(problem, name);
    if (!text.empty()) return text;
  }
  return "the server answered with HTTP status " + std::to_string(status) + " and gave no reason";
}

}  // namespace

Code CodeOfStatus(int status) {
  switch (status) {
    case 400:
    case 413:
    case 415: return Code::kInvalidArgument;
    case 401: return Code::kUnauthenticated;
    case 403: return Code::kPermissionDenied;
    case 404:
    case 410: return Code::kNotFound;
    case 409: return Code::kConflict;
    case 412:
    case 428: return Code::kFailedPrecondition;
    case 422: return Code::kRefused;
    case 429: return Code::kResourceExhausted;
    case 502:
    case 503: return Code::kUnavailable;
    case 504: return Code::kDeadlineExceeded;
    default: return Code::kInternal;
  }
}

codec::Json ProblemJson(const HttpAnswer& answer) {
  Result<codec::Json> json = codec::ParseJson(answer.body);
  if (!json || !json->is_object()) return codec::JsonObject();
  return std::move(json).value();
}

Error ProblemError(const HttpAnswer& answer) {
  const codec::Json json = ProblemJson(answer);
  const codec::JsonObject& problem = json.get_object();
  Error error;
  error.code = CodeOfName(TextMember(problem, "error")).value_or(CodeOfStatus(answer.status));
  if (answer.status >= 300 && answer.status < 400) {
    error.public_message = "the server sent us elsewhere (HTTP " + std::to_string(answer.status) +
                           "), and a client that carries a key does not follow; check the server's address";
    return error;
  }
  error.public_message = MessageOf(problem, answer.status);
  const std::string_view request_id = answer.Field("Request-Id");
  if (answer.status >= 500 && !request_id.empty()) {
    error.public_message += " (request " + std::string(request_id.substr(0, 64)) + ")";
  }
  return error;
}

}  // namespace cloister::net
