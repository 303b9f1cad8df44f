// Whatever text a server sends, nothing reaches the terminal that a terminal would obey, and findings that point
// anywhere are shown somewhere.
#include "base/check.h"
#include "cli/printable.h"
#include "cli/query_words.h"
#include "codec/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const std::string_view text = AsText({data, size});
  const std::string line = cli::Printable(text);
  CLOISTER_CHECK(codec::IsValidUtf8(line));
  for (const char c : line) CLOISTER_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  CLOISTER_CHECK(cli::Printable(line) == line);
  (void)cli::DisplayWidth(text);
  const auto from = size > 0 ? static_cast<std::int64_t>(data[0]) - 8 : 0;
  const auto to = size > 1 ? static_cast<std::int64_t>(data[1]) - 8 : 0;
  (void)cli::RenderFindings(
      {{.rule = "R01", .owner = {}, .severity = {}, .from = from, .to = to, .message = line, .fix = line}},
      {"q", std::string(text)});
  return 0;
}
