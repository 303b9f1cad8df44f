#include "net/client/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <optional>

namespace cloister::net {
namespace {

struct Cleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, Cleanup>;
using FieldList = std::unique_ptr<curl_slist, Cleanup>;

// libcurl must be set up once, before the first handle and not from two threads at a time.
void InitialiseOnce() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  CLOISTER_CHECK(code == CURLE_OK);
}

// What one exchange shares with curl's callbacks. `error` is why a callback stopped it.
struct Exchange {
  const HttpRequest& request;
  CURL* curl = nullptr;
  HttpAnswer answer = {};
  std::size_t field_bytes = 0;
  std::uint64_t body_bytes = 0;
  std::optional<Error> error = {};

  bool Fail(Error why) {
    error = std::move(why);
    return false;
  }
};

int StatusOf(CURL* curl) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool TakeFieldLine(Exchange& exchange, std::string_view line) {
  exchange.field_bytes += line.size();
  if (exchange.field_bytes > kAnswerFieldBytesMax) {
    return exchange.Fail(ResourceExhausted("the server's answer has more header fields than a client reads"));
  }
  // A status line begins the fields anew: what came before it belonged to an interim answer (1xx).
  if (line.starts_with("HTTP/")) exchange.answer.fields.clear();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  exchange.answer.fields.push_back(
      {std::string(Trim(line.substr(0, colon))), std::string(Trim(line.substr(colon + 1)))});
  return true;
}

bool TakeBody(Exchange& exchange, std::string_view piece) {
  exchange.body_bytes += piece.size();
  if (exchange.body_bytes > exchange.request.answer_bytes_max) {
    return exchange.Fail(ResourceExhausted("the server's answer is longer than " +
                                           std::to_string(exchange.request.answer_bytes_max) + " bytes"));
  }
  const int status = StatusOf(exchange.curl);
  if (exchange.request.download == nullptr || status < 200 || status >= 300) {
    exchange.answer.body.append(piece);
    return true;
  }
  const Status written = exchange.request.download->Write(AsBytes(piece));
  return written ? true : exchange.Fail(written.error());
}

std::size_t OnFieldLine(char* data, std::size_t size, std::size_t count, void* user) {
  return TakeFieldLine(*static_cast<Exchange*>(user), {data, size * count}) ? size * count : 0;
}

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  return TakeBody(*static_cast<Exchange*>(user), {data, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
}

std::size_t OnRead(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  Result<std::size_t> read = exchange.request.upload->Read({reinterpret_cast<std::uint8_t*>(data), size * count});
  if (read) return *read;
  exchange.error = std::move(read).error();
  return CURL_READFUNC_ABORT;
}

// curl goes back to the start when a kept connection turns out to be closed.
int OnSeek(void* user, curl_off_t offset, int origin) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  return exchange.request.upload->Rewind() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

// A line end in a field would begin another field of the caller's invention.
Status CheckFields(const HttpRequest& request) {
  const auto breaks = [](const std::string& text) { return text.find_first_of("\r\n") != std::string::npos; };
  for (const HttpField& field : request.fields) {
    if (breaks(field.name) || breaks(field.value)) {
      return InvalidArgument("a header field must not hold a line end");
    }
  }
  if (breaks(request.target) || !request.target.starts_with('/')) {
    return InvalidArgument("a request's target must begin with '/' and hold no line end");
  }
  return {};
}

FieldList MakeFieldList(const HttpRequest& request) {
  // Without this, curl waits a second for "100 Continue" before it sends a larger body.
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const HttpField& field : request.fields) {
    list = curl_slist_append(list, (field.name + ": " + field.value).c_str());
  }
  return FieldList(list);
}

Error ErrorOf(CURLcode code, const char* words, const std::string& origin) {
  const std::string why = *words != '\0' ? words : curl_easy_strerror(code);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return {Code::kDeadlineExceeded, origin + " did not answer in time"};
    case CURLE_PEER_FAILED_VERIFICATION:
      return VerificationFailed("the TLS certificate of " + origin + " was not accepted: " + why +
                                "; if an authority of your own vouches for this server, name its root in PEM with "
                                "--ca-cert FILE, and if not, somebody may be in between");
    case CURLE_SSL_CACERT_BADFILE:
      return InvalidArgument("the file of --ca-cert (or CLOISTER_CA_CERT, or init) holds no certificate as PEM: " +
                             why);
    case CURLE_SSL_CONNECT_ERROR:
      return VerificationFailed("no TLS connection with " + origin + ": " + why +
                                "; does the server speak plain HTTP there, or only TLS older than 1.2?");
    default: return Unavailable("no answer from " + origin + ": " + why + "; is the server running there?");
  }
}

}  // namespace

struct CurlTransport::State {
  ServerAddress server;
  CurlOptions options;
  Easy curl;

  void SetConnection() {
    CURL* handle = curl.get();
    curl_easy_reset(handle);  // keeps the open connection
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(handle, CURLOPT_USERAGENT, options.user_agent.c_str());
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_ms));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(std::max<std::int64_t>(options.idle_timeout_ms / 1000, 1)));
    if (!options.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
    // A proxy of the environment has no business between us and a server on our own machine.
    if (server.loopback()) curl_easy_setopt(handle, CURLOPT_PROXY, "");
  }

  void SetRequest(Exchange& exchange) {
    CURL* handle = curl.get();
    const HttpRequest& request = exchange.request;
    curl_easy_setopt(handle, CURLOPT_URL, (server.origin() + request.target).c_str());
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
    if (request.upload != nullptr) {
      curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload->size_bytes()));
      curl_easy_setopt(handle, CURLOPT_READFUNCTION, &OnRead);
      curl_easy_setopt(handle, CURLOPT_READDATA, &exchange);
      curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, &OnSeek);
      curl_easy_setopt(handle, CURLOPT_SEEKDATA, &exchange);
    } else if (request.method == HttpMethod::kPost || request.method == HttpMethod::kPut || !request.body.empty()) {
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, std::string(HttpMethodName(request.method)).c_str());
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &OnFieldLine);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
  }
};

CurlTransport::CurlTransport(ServerAddress server, CurlOptions options) {
  InitialiseOnce();
  state_ = std::make_unique<State>(State{std::move(server), std::move(options), Easy(curl_easy_init())});
  CLOISTER_CHECK(state_->curl != nullptr);
}
CurlTransport::~CurlTransport() = default;
CurlTransport::CurlTransport(CurlTransport&&) noexcept = default;
CurlTransport& CurlTransport::operator=(CurlTransport&&) noexcept = default;

Result<HttpAnswer> CurlTransport::Perform(const HttpRequest& request) {
  CLOISTER_TRY(CheckFields(request));
  if (request.upload != nullptr) CLOISTER_TRY(request.upload->Rewind());
  if (request.download != nullptr) CLOISTER_TRY(request.download->Restart());
  CURL* handle = state_->curl.get();
  Exchange exchange{.request = request, .curl = handle};
  char words[CURL_ERROR_SIZE] = "";
  state_->SetConnection();
  state_->SetRequest(exchange);
  const FieldList fields = MakeFieldList(request);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields.get());
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words);

  const CURLcode code = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);  // `words` and `fields` end with this call
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, nullptr);
  if (exchange.error) return *std::move(exchange.error);
  if (code != CURLE_OK) return ErrorOf(code, words, state_->server.origin());
  exchange.answer.status = StatusOf(handle);
  return std::move(exchange.answer);
}

}  // namespace cloister::net
