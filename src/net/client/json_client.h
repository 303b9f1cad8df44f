#pragma once

// JSON over an HttpTransport, with the caller's key on each request.
//
//   JsonClient api(transport, api_key);
//   CLOISTER_ASSIGN(codec::Json me, api.Get("/api/me"));           // a problem comes back as its Error
//   CLOISTER_ASSIGN(HttpAnswer answer, api.Send({...}));           // or look at the answer yourself

#include <string>
#include <string_view>

#include "codec/json.h"
#include "net/client/http.h"

namespace cloister::net {

// Not thread-safe. The transport must outlive the client.
class JsonClient {
 public:
  // An empty key sends no Authorization field.
  JsonClient(HttpTransport& transport, std::string api_key);
  ~JsonClient();
  JsonClient(const JsonClient&) = delete;
  JsonClient& operator=(const JsonClient&) = delete;

  Result<codec::Json> Get(std::string_view target);
  Result<codec::Json> Post(std::string_view target, const codec::Json& body);
  // A POST that does the same when it comes twice, so that it may be retried.
  Result<codec::Json> PostRepeatable(std::string_view target, const codec::Json& body);
  Result<codec::Json> Delete(std::string_view target);

  // Adds the key and asks for JSON; any status is an answer.
  Result<HttpAnswer> Send(HttpRequest request);
  Result<HttpAnswer> SendJson(HttpRequest request, const codec::Json& body);

 private:
  HttpTransport& transport_;
  std::string api_key_;
};

// The body of a 2xx answer, a JSON object, or the problem's Error. An answer without a body is null.
Result<codec::Json> JsonOf(const HttpAnswer& answer);

}  // namespace cloister::net
