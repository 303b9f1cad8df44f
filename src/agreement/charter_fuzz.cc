// A charter that is read writes itself back, byte by byte; a difference between any two can be told in words.
#include "agreement/charter_diff.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const std::string_view text = AsText({data, size});
  const auto charter = agreement::ParseCharter(text);
  if (!charter) return 0;
  CLOISTER_CHECK(codec::CanonicalJson(agreement::EncodeCharter(*charter)) == text);
  CLOISTER_CHECK(agreement::CheckCharter(*charter).has_value());
  CLOISTER_CHECK(agreement::DiffCharter(&*charter, *charter).empty());
  CLOISTER_CHECK(!agreement::DiffCharter(nullptr, *charter).empty());
  return 0;
}
