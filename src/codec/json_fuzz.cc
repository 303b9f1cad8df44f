// What ParseJson accepts, CanonicalJson writes so that it reads back as itself.
#include "base/check.h"
#include "codec/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  auto json = codec::ParseJson(AsText({data, size}));
  if (!json) return 0;
  const std::string once = codec::CanonicalJson(*json);
  auto again = codec::ParseJson(once, {.bytes_max = 1 << 24});
  CLOISTER_CHECK(again.has_value());
  CLOISTER_CHECK(codec::CanonicalJson(*again) == once);
  return 0;
}
