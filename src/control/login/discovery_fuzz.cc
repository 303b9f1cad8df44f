// Whatever an issuer says about itself, what is taken of it are addresses with TLS that read back as they are.
#include "base/bytes.h"
#include "base/check.h"
#include "control/login/discovery.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const auto issuer = control::Endpoint::Parse("https://accounts.google.com");
  const auto read = control::ReadDiscovery(AsText({data, size}), *issuer);
  if (!read) {
    CLOISTER_CHECK(read.error().code == Code::kVerificationFailed);
    return 0;
  }
  for (const control::Endpoint* each : {&read->authorization, &read->token, &read->keys}) {
    const auto again = control::Endpoint::Parse(each->url());
    CLOISTER_CHECK(each->secure() && !each->target.empty() && each->target.front() == '/');
    CLOISTER_CHECK(again && again->url() == each->url());
  }
  return 0;
}
