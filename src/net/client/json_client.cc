#include "net/client/json_client.h"

#include <algorithm>

#include "base/secret_bytes.h"
#include "codec/ascii.h"
#include "net/client/problem.h"

namespace cloister::net {

JsonClient::JsonClient(HttpTransport& transport, std::string api_key)
    : transport_(transport), api_key_(std::move(api_key)) {}

JsonClient::~JsonClient() { Wipe(api_key_); }

Result<HttpAnswer> JsonClient::Send(HttpRequest request) {
  // Said twice, each hop could take another of the two.
  const bool accepts = std::any_of(request.fields.begin(), request.fields.end(),
                                   [](const auto& field) { return codec::LowerCase(field.name) == "accept"; });
  if (!accepts) request.fields.push_back({"Accept", "application/json"});
  if (!api_key_.empty()) request.fields.push_back({"Authorization", "Bearer " + api_key_});
  return transport_.Perform(request);
}

Result<HttpAnswer> JsonClient::SendJson(HttpRequest request, const codec::Json& body) {
  request.fields.push_back({"Content-Type", "application/json"});
  request.body = codec::WriteJson(body);
  return Send(std::move(request));
}

Result<codec::Json> JsonClient::Get(std::string_view target) {
  CLOISTER_ASSIGN(const HttpAnswer answer, Send({.target = std::string(target)}));
  return JsonOf(answer);
}

Result<codec::Json> JsonClient::Post(std::string_view target, const codec::Json& body) {
  CLOISTER_ASSIGN(const HttpAnswer answer,
                  SendJson({.method = HttpMethod::kPost, .target = std::string(target)}, body));
  return JsonOf(answer);
}

Result<codec::Json> JsonClient::PostRepeatable(std::string_view target, const codec::Json& body) {
  CLOISTER_ASSIGN(const HttpAnswer answer,
                  SendJson({.method = HttpMethod::kPost, .target = std::string(target), .repeatable = true}, body));
  return JsonOf(answer);
}

Result<codec::Json> JsonClient::Delete(std::string_view target) {
  CLOISTER_ASSIGN(const HttpAnswer answer, Send({.method = HttpMethod::kDelete, .target = std::string(target)}));
  return JsonOf(answer);
}

Result<codec::Json> JsonOf(const HttpAnswer& answer) {
  if (!answer.ok()) return ProblemError(answer);
  if (answer.body.empty()) return codec::Json(nullptr);
  Result<codec::Json> json = codec::ParseJson(answer.body, {.bytes_max = kAnswerBytesMax});
  if (json && json->is_object()) return json;
  const std::string found = json ? "not a JSON object" : "not JSON (" + json.error().public_message + ")";
  return Unavailable("the server answered with something that is " + found + "; is this a Cloister server?");
}

}  // namespace cloister::net
