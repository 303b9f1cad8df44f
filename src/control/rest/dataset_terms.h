#pragma once

// What an owner registers, read as people write it, kept as manifests say it. Room-private.
//
//   schema  [{"name":"cost","type":"DOUBLE"}], {"columns":[...]}, or {"cost":"double"}; types of SQL in any case
//   policy  the policy itself, or a preset (agreement/policy_presets.h): "aggregates_only" beside "privacy_unit", or
//           {"preset","privacy_unit"}; "full_access" is aggregates_only with that level besides
//
// Absent policy: the dataset is kept and nothing in it can be asked for.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agreement/policy.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::control {

// The schema in its one form.
Result<codec::Json> NormaliseSchema(const codec::Json& given);

struct GivenPolicy {
  const codec::Json* policy = nullptr;       // absent: none
  std::optional<std::string> privacy_unit;  // beside a preset's name
  std::int64_t group_size = agreement::kMinGroupSizeDefault;  // the charter's, for a policy that states none
};
// The policy in its one form, its group size stated; what it says is checked by whoever decodes it.
Result<codec::Json> NormalisePolicy(const GivenPolicy& given, const agreement::DatasetSchema& schema);

// "parquet" for "a/b.parquet"; "csv" for what ends otherwise.
std::string FormatOfPath(std::string_view path);

}  // namespace cloister::control
