#include "net/client/outbound.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "net/client/public_address.h"

namespace cloister::net {
namespace {

struct Cleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Easy = std::unique_ptr<CURL, Cleanup>;
using FieldList = std::unique_ptr<curl_slist, Cleanup>;
using Url = std::unique_ptr<CURLU, Cleanup>;

constexpr std::string_view kMend = "; write it as https://HOST[:PORT]/PATH";

std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

// The bytes of a host that is an address; empty for a name.
Bytes AddressIn(std::string host) {
  Bytes address(16);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    return inet_pton(AF_INET6, host.c_str(), address.data()) == 1 ? address : Bytes(1);  // with a zone: none of ours
  }
  if (inet_pton(AF_INET, host.c_str(), address.data()) != 1) return {};
  address.resize(4);
  return address;
}

bool MayConnect(ByteView address, Reach reach) {
  const AddressKind kind = KindOfAddress(address);
  return kind == AddressKind::kPublic || (kind == AddressKind::kLoopback && reach == Reach::kLoopback);
}

bool IsPlainHost(std::string_view host) {
  if (host.starts_with('[')) return true;
  return std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

Status CheckHost(const std::string& host, bool secure, Reach reach) {
  if (!IsPlainHost(host)) return InvalidArgument("'url' must name a host of letters, digits, '.' and '-'");
  const Bytes address = AddressIn(host);
  if (!address.empty() && !MayConnect(address, reach)) {
    return InvalidArgument("'url' must not name an address of a private or special network");
  }
  const bool here = host == "localhost" || (!address.empty() && KindOfAddress(address) == AddressKind::kLoopback);
  if (!secure && !here) return InvalidArgument("'url' must begin with https://" + std::string(kMend));
  if (host == "localhost" && reach != Reach::kLoopback) {
    return InvalidArgument("'url' must not name the server's own machine");
  }
  return {};
}

// What one POST shares with curl's callbacks.
struct Exchange {
  Reach reach = Reach::kPublic;
  bool refused_address = false;
  std::uint64_t answer_bytes = 0;
};

// The address is the one that connect(2) will be called with, whatever the name resolved to before or after.
curl_socket_t OnOpenSocket(void* user, curlsocktype, curl_sockaddr* target) {
  auto& exchange = *static_cast<Exchange*>(user);
  ByteView address;
  if (target->family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&target->addr);
    address = {reinterpret_cast<const std::uint8_t*>(&v4->sin_addr), 4};
  } else if (target->family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&target->addr);
    address = {reinterpret_cast<const std::uint8_t*>(&v6->sin6_addr), 16};
  }
  if (!MayConnect(address, exchange.reach)) {
    exchange.refused_address = true;
    return CURL_SOCKET_BAD;
  }
  return socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

std::size_t OnBody(char*, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.answer_bytes += size * count;
  return exchange.answer_bytes > kOutboundAnswerBytesMax ? 0 : size * count;
}

void SetOptions(CURL* curl, const OutboundPost& post, Exchange& exchange) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, exchange.reach == Reach::kLoopback ? "http,https" : "https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // a proxy would connect in our place, unchecked
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "cloister");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kOutboundConnectMs));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(kOutboundTotalMs));
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &OnOpenSocket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_URL, post.url.str().c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post.body.c_str());
}

void InitialiseOnce() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  CLOISTER_CHECK(code == CURLE_OK);
}

Error ErrorOf(CURLcode code, const Exchange& exchange) {
  if (exchange.refused_address) {
    return {Code::kPermissionDenied, "the host has no public address"};
  }
  if (code == CURLE_OPERATION_TIMEDOUT) return {Code::kDeadlineExceeded, "the host did not answer in time"};
  return Unavailable("the host did not answer");
}

}  // namespace

Result<OutboundUrl> OutboundUrl::Parse(std::string_view url, Reach reach) {
  const bool clean = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  const bool secure = url.starts_with("https://");
  if (!clean || url.size() > kOutboundUrlBytesMax || (!secure && !url.starts_with("http://"))) {
    return InvalidArgument("'url' must be an https:// address of at most 1024 visible ASCII characters" +
                           std::string(kMend));
  }
  // curl would take "https:///x" for the host x, and read a host anew after it has decoded its %XX.
  const std::string_view rest = url.substr(secure ? 8 : 7);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty() || authority.find('%') != std::string_view::npos) {
    return InvalidArgument("'url' names no host" + std::string(kMend));
  }
  const Url parsed(curl_url());
  CLOISTER_CHECK(parsed != nullptr);
  if (curl_url_set(parsed.get(), CURLUPART_URL, std::string(url).c_str(), CURLU_DISALLOW_USER) != CURLUE_OK) {
    return InvalidArgument("'url' is no address that can be called" + std::string(kMend));
  }
  if (!PartOf(parsed.get(), CURLUPART_FRAGMENT).empty() || url.find('#') != std::string_view::npos) {
    return InvalidArgument("'url' must not have a fragment" + std::string(kMend));
  }
  if (authority.ends_with(':') || PartOf(parsed.get(), CURLUPART_PORT) == "0") {
    return InvalidArgument("'url' must have a port from 1 to 65535, or none" + std::string(kMend));
  }
  const std::string host = PartOf(parsed.get(), CURLUPART_HOST);
  CLOISTER_TRY(CheckHost(host, secure, reach));
  // As curl reads it: whatever ways a host can be written in ("0x7f.1"), it is judged as what it means.
  return OutboundUrl(PartOf(parsed.get(), CURLUPART_URL));
}

Result<int> CurlOutboundClient::Post(const OutboundPost& post) {
  InitialiseOnce();
  const Easy curl(curl_easy_init());
  CLOISTER_CHECK(curl != nullptr);
  Exchange exchange{.reach = reach_};
  SetOptions(curl.get(), post, exchange);
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const HttpField& field : post.fields) {
    CLOISTER_CHECK((field.name + field.value).find_first_of("\r\n") == std::string::npos);
    list = curl_slist_append(list, (field.name + ": " + field.value).c_str());
  }
  const FieldList fields(list);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, fields.get());
  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  const bool too_long = code == CURLE_WRITE_ERROR && exchange.answer_bytes > kOutboundAnswerBytesMax;
  if ((code != CURLE_OK && !too_long) || status < 200) return ErrorOf(code, exchange);
  return static_cast<int>(status);
}

}  // namespace cloister::net
