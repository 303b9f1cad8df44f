// A URL of a stranger that is taken is https to a host without a user, reads the same when it is read again, and as an
// address is a public one, however it was written.
#include <arpa/inet.h>

#include "base/check.h"
#include "net/client/outbound.h"
#include "net/client/public_address.h"

namespace {

using namespace cloister;
using namespace cloister::net;

// By itself, and not by the library that the parser asks.
std::string HostOf(std::string_view url) {
  std::string_view authority = url.substr(8);
  authority = authority.substr(0, authority.find_first_of("/?"));
  CLOISTER_CHECK(authority.find('@') == std::string_view::npos);
  if (authority.starts_with('[')) return std::string(authority.substr(1, authority.find(']') - 1));
  return std::string(authority.substr(0, authority.find(':')));
}

void CheckPublic(const std::string& host) {
  CLOISTER_CHECK(!host.empty() && host != "localhost");
  Bytes address(16);
  if (inet_pton(AF_INET6, host.c_str(), address.data()) == 1) {
    CLOISTER_CHECK(KindOfAddress(address) == AddressKind::kPublic);
  } else if (inet_aton(host.c_str(), reinterpret_cast<in_addr*>(address.data())) == 1) {
    CLOISTER_CHECK(KindOfAddress(ByteView(address).first(4)) == AddressKind::kPublic);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = OutboundUrl::Parse(text, Reach::kPublic);
  if (size == 0) CLOISTER_CHECK(OutboundUrl::Parse("https://93.184.216.34/x", Reach::kPublic));  // the canary
  if (!url) return 0;
  CLOISTER_CHECK(url->str().starts_with("https://"));
  CheckPublic(HostOf(url->str()));
  const auto again = OutboundUrl::Parse(url->str(), Reach::kPublic);
  CLOISTER_CHECK(again && again->str() == url->str());
  CLOISTER_CHECK(OutboundUrl::Parse(text, Reach::kLoopback).has_value());  // more reach refuses nothing more
  return 0;
}
