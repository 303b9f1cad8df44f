// An opened result: what decodes can be shown in every form, and its JSON decodes again.
#include "base/check.h"
#include "cli/result_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const auto json = codec::ParseJson(AsText({data, size}));
  if (!json) return 0;
  const auto table = cli::DecodeResult(*json);
  if (!table) return 0;
  (void)cli::RenderResult(*table, {.colour = true, .unicode = true, .width_columns = 60});
  (void)cli::ResultCsv(*table);
  CLOISTER_CHECK(cli::DecodeResult(cli::ResultJson(*table)).has_value());
  return 0;
}
