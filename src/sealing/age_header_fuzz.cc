// What the parser accepts, the writer writes alike: a header has one meaning and one spelling.
#include "base/check.h"
#include "sealing/age_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const ByteView text(data, size);
  std::size_t searched = 0;
  const auto end = sealing::FindAgeHeaderEnd(text, searched);
  const auto header = sealing::ParseAgeHeader(text);
  if (!header) return 0;
  CLOISTER_CHECK(end == size);
  const SecretBytes file_key(16);
  const std::string written = sealing::WriteAgeHeader(header->stanzas, file_key);
  // The MAC line is of fixed length and hangs on the key; all before it must be what was read.
  CLOISTER_CHECK(written.size() == size);
  constexpr std::size_t kMacChars = 44;
  const std::string_view rewritten(written);
  CLOISTER_CHECK(AsText(text).substr(0, size - kMacChars) == rewritten.substr(0, size - kMacChars));
  const auto again = sealing::ParseAgeHeader(AsBytes(written));
  CLOISTER_CHECK(again.has_value());
  CLOISTER_CHECK(sealing::VerifyAgeHeaderMac(AsBytes(written), again->mac, file_key).has_value());
  return 0;
}
