#include "net/client/fake_transport.h"

#include <array>

namespace cloister::net {
namespace {

Result<std::string> ReadAll(UploadBody& upload) {
  CLOISTER_TRY(upload.Rewind());
  std::string body;
  std::array<std::uint8_t, 4096> piece{};
  for (;;) {
    CLOISTER_ASSIGN(const std::size_t count, upload.Read(piece));
    if (count == 0) return body;
    body += AsText({piece.data(), count});
  }
}

}  // namespace

Result<HttpAnswer> FakeTransport::Perform(const HttpRequest& request) {
  HttpRequest seen = request;
  seen.upload = nullptr;
  seen.download = nullptr;
  if (request.upload != nullptr) {
    CLOISTER_ASSIGN(seen.body, ReadAll(*request.upload));
  }
  requests_.push_back(seen);
  CLOISTER_ASSIGN(HttpAnswer answer, handler_(seen));
  if (answer.body.size() > request.answer_bytes_max) return ResourceExhausted("the answer is longer than its bound");
  if (request.download != nullptr && answer.ok()) {
    CLOISTER_TRY(request.download->Restart());
    CLOISTER_TRY(request.download->Write(AsBytes(answer.body)));
    answer.body.clear();
  }
  return answer;
}

HttpAnswer FakeJson(int status, std::string body) {
  return {.status = status,
          .fields = {{"Content-Type", status < 400 ? "application/json" : "application/problem+json"}},
          .body = std::move(body)};
}

}  // namespace cloister::net
