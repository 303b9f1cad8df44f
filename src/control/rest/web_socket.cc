#include "control/rest/web_socket.h"

#include <algorithm>

#include "codec/ascii.h"
#include "codec/text.h"
#include "crypto/sha1.h"
#include "net/server/problem.h"

namespace cloister::control {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyBytes = 16;

// Whether one of the field's comma-separated words is `word`, in any case.
bool Says(const net::Request& request, std::string_view name, std::string_view word) {
  const std::string* field = request.Header(name);
  if (field == nullptr) return false;
  std::string text = "," + *field + ",";
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t'; });
  return codec::LowerCase(text).find("," + std::string(word) + ",") != std::string::npos;
}

net::Response UpgradeRequired() {
  net::Response response = net::ProblemResponse(
      {.status = 426, .error = "UPGRADE_REQUIRED", .message = "this path speaks WebSocket, version 13"});
  response.headers.emplace_back("upgrade", "websocket");
  response.headers.emplace_back("sec-websocket-version", "13");
  return response;
}

}  // namespace

Result<net::Response> AnswerHandshake(const net::Request& request) {
  const bool opens = request.method == "GET" && Says(request, "upgrade", "websocket") &&
                     Says(request, "connection", "upgrade") && Says(request, "sec-websocket-version", "13");
  if (!opens) return UpgradeRequired();
  const std::string* key = request.Header("sec-websocket-key");
  const auto bytes = key != nullptr ? codec::Base64Decode(*key) : Result<Bytes>(InvalidArgument(""));
  if (!bytes || bytes->size() != kKeyBytes) {
    return InvalidArgument("'Sec-WebSocket-Key' must be 16 bytes in base64");
  }
  const std::string text = *key + std::string(kGuid);
  net::Response response;
  response.status = 101;
  response.headers = {{"upgrade", "websocket"},
                      {"connection", "Upgrade"},
                      {"sec-websocket-accept", codec::Base64Encode(crypto::Sha1(AsBytes(text)))}};
  return response;
}

}  // namespace cloister::control
