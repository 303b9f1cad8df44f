// A policy that is read writes itself back and differs from nothing allowed in words only; synthetic rows can be made
// of whatever it says.
#include "agreement/policy_diff.h"
#include "agreement/policy_file.h"
#include "agreement/synthetic_rows.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  static const auto kSchema = *agreement::DecodeSchema(
      *codec::ParseJson(R"j([{"name":"id","type":"BIGINT"},{"name":"zip","type":"VARCHAR"},
        {"name":"cost","type":"DOUBLE"},{"name":"price","type":"DECIMAL(9,2)"},{"name":"day","type":"DATE"},
        {"name":"flag","type":"BOOLEAN"}])j"),
      "schema");
  const auto json = codec::ParseJson(AsText({data, size}));
  if (!json) return 0;
  const auto file = agreement::DecodePolicyFile(*json, kSchema, "policy");
  if (!file) return 0;
  const auto again = agreement::DecodePolicy(agreement::EncodePolicy(file->policy), kSchema, "policy");
  CLOISTER_CHECK(again.has_value() && *again == file->policy);
  CLOISTER_CHECK(agreement::DiffPolicy(file->policy, *again).empty());
  CLOISTER_CHECK(file->policy == agreement::NothingAllowed() ||
                 !agreement::DiffPolicy(agreement::NothingAllowed(), file->policy).empty());
  const std::string name = "visits";
  const agreement::SyntheticTable table{.name = name, .schema = kSchema, .policy = file->policy, .people = 3};
  CLOISTER_CHECK(agreement::SyntheticCsv(table) == agreement::SyntheticCsv(table));
  return 0;
}
