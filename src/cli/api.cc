// `api METHOD PATH [JSON]`: one request to the server with the caller's key, its answer as it came.

#include <algorithm>
#include <array>
#include <iterator>

#include "cli/printable.h"
#include "cli/run.h"
#include "cli/session.h"
#include "codec/ascii.h"
#include "net/client/problem.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kBodyBytesMax = 1 << 20;  // what the server takes as JSON

Result<net::HttpMethod> MethodOf(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  constexpr std::array kMethods = {net::HttpMethod::kGet, net::HttpMethod::kPost, net::HttpMethod::kPut,
                                   net::HttpMethod::kDelete};
  for (const net::HttpMethod method : kMethods) {
    if (net::HttpMethodName(method) == text) return method;
  }
  return InvalidArgument("the method must be GET, POST, PUT or DELETE");
}

// "/api/me"; a path without its slash is meant the same. Anything that could name another server is refused.
Result<std::string> TargetOf(const std::string& path) {
  const std::string target = path.starts_with('/') ? path : "/" + path;
  const bool plain = std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; });
  if (plain && !target.starts_with("//") && target.find('#') == std::string::npos) return target;
  return InvalidArgument("the path must read like /api/tee/environments?limit=10, percent-encoded");
}

Result<std::string> BodyOf(Context& context, const std::string& given) {
  std::string text = given;
  if (given == "-") text.assign(std::istreambuf_iterator<char>(context.input), {});
  if (text.size() > kBodyBytesMax) return ResourceExhausted("the body is longer than the 1 MiB that the server takes");
  if (text.empty()) return text;
  const Result<codec::Json> json = codec::ParseJson(text, {.bytes_max = kBodyBytesMax});
  if (!json) return InvalidArgument("the body is not JSON: " + json.error().public_message);
  return text;
}

// "Name: value" as curl takes it. Who asks, whom, and where a body ends is not the caller's to say.
Result<net::HttpField> FieldOf(const std::string& line) {
  constexpr std::array<std::string_view, 8> kOurs = {"authorization", "x-api-key",      "host",
                                                     "content-type",  "content-length", "transfer-encoding",
                                                     "connection",    "cookie"};
  const std::size_t colon = line.find(':');
  const std::string name = line.substr(0, colon);
  const bool token =
      !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '-'; });
  const std::size_t from = colon == std::string::npos ? colon : line.find_first_not_of(' ', colon + 1);
  const bool plain = std::ranges::all_of(line, [](char c) { return c >= ' ' && c < 0x7f; });
  if (!token || !plain || from == std::string::npos) {
    return InvalidArgument("a header reads like 'If-Match: \"abc\"', in ASCII");
  }
  if (std::ranges::find(kOurs, codec::LowerCase(name)) != kOurs.end()) {
    return InvalidArgument("the header '" + name + "' is set by this program");
  }
  return net::HttpField{name, line.substr(from)};
}

void ShowHead(Output& out, const net::HttpAnswer& answer) {
  out.Line("HTTP " + std::to_string(answer.status));
  for (const net::HttpField& field : answer.fields) out.Line(Printable(field.name + ": " + field.value));
  out.Line("");
}

void ShowBody(Output& out, const std::string& body) {
  if (body.empty()) return;
  const Result<codec::Json> json = codec::ParseJson(body, {.bytes_max = body.size()});
  if (json)
    out.Json(*json);
  else
    out.Line(PrintableLines(body));
}

}  // namespace

Result<ExitCode> Run(Context& context, const ApiVerb& verb) {
  CLOISTER_ASSIGN(const net::HttpMethod method, MethodOf(verb.method));
  CLOISTER_ASSIGN(const std::string target, TargetOf(verb.path));
  CLOISTER_ASSIGN(const std::string body, BodyOf(context, verb.body));
  net::HttpRequest request{.method = method, .target = target, .body = body};
  for (const std::string& line : verb.headers) {
    CLOISTER_ASSIGN(net::HttpField field, FieldOf(line));
    request.fields.push_back(std::move(field));
  }
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  if (!body.empty()) request.fields.push_back({"Content-Type", "application/json"});
  CLOISTER_ASSIGN(const net::HttpAnswer answer, session->api().Send(std::move(request)));
  if (verb.include) ShowHead(context.out, answer);
  ShowBody(context.out, answer.body);
  if (answer.ok()) return ExitCode::kOk;
  const Error problem = net::ProblemError(answer);
  context.out.Warn("HTTP " + std::to_string(answer.status) + ": " + PrintableLines(problem.public_message));
  return ExitCodeOf(answer.status == 422 ? Code::kRefused : net::CodeOfStatus(answer.status));
}

}  // namespace cloister::cli
