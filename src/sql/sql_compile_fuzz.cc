// The whole compiler over a tree that somebody else made: whatever the JSON says, there is a verdict, and the same one
// twice. The first line of the input is the text, the rest the serialised tree.

#include "base/check.h"
#include "sql/compile.h"

namespace cloister::sql {
namespace {

class RecordedParser final : public StatementParser {
 public:
  explicit RecordedParser(std::string_view json) : json_(json) {}
  Result<StatementTree> Serialize(std::string_view) override { return StatementTree{std::string(json_), std::nullopt}; }

 private:
  std::string_view json_;
};

CompileDataset Dataset(std::string name, std::string_view schema, std::string_view policy) {
  CompileDataset dataset;
  dataset.id = "ds_" + name;
  dataset.name = std::move(name);
  dataset.organisation = "hospital";
  dataset.schema = *agreement::DecodeSchema(*codec::ParseJson(schema), "schema");
  dataset.policy = *agreement::DecodePolicy(*codec::ParseJson(policy), dataset.schema, "policy");
  return dataset;
}

CompileRequest Request(std::string_view text, std::string level) {
  CompileRequest request;
  request.text = text;
  request.level = std::move(level);
  request.analyst_organisation = "brand";
  request.datasets.push_back(Dataset(
      "patients",
      R"j([{"name":"patient_id","type":"BIGINT"},{"name":"zip","type":"VARCHAR"},{"name":"cost","type":"DOUBLE"}])j",
      R"j({"levels":["aggregate_only","full_access"],"privacy_unit":"patient_id","min_group_size":10,"columns":{
                                         "patient_id":{"roles":["join_key"],"domain":"person"},
                                         "zip":{"roles":["dimension"],"quasi_identifier":true},
                                         "cost":{"roles":["measure"],"bounds":[0,1000],"filter_grid":10}}})j"));
  return request;
}

std::string Outcome(const CompileRequest& request, StatementParser& parser) {
  const auto verdict = Compile(request, parser);
  if (!verdict) return verdict.error().public_message;
  if (const auto* query = std::get_if<CompiledQuery>(&*verdict)) return query->plan.canonical() + query->report;
  return codec::CanonicalJson(EncodeFindings(std::get<std::vector<Finding>>(*verdict)));
}

}  // namespace
}  // namespace cloister::sql

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const std::string_view input = AsText({data, size});
  const std::size_t line = std::min(input.find('\n'), input.size());
  sql::RecordedParser parser(input.substr(std::min(line + 1, input.size())));
  for (const char* level : {"aggregate_only", "full_access"}) {
    const sql::CompileRequest request = sql::Request(input.substr(0, line), level);
    CLOISTER_CHECK(sql::Outcome(request, parser) == sql::Outcome(request, parser));
  }
  return 0;
}
