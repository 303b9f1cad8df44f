#pragma once

// The privacy compiler: a pure function from a query, the manifests' policies and the charter to a verdict.
//
//   text --parse--> ParsedQuery --bind--> BoundQuery --permit--> PermittedQuery --protect--> PrivateQuery --lower-->
//   ExecutablePlan
//
// Each stage is a type that only the step before can make, so no pass can be skipped, repeated or reordered. The
// compiler never sees data, and its verdict depends on nothing but its input: same input, same bytes out.
// Bounded: texts up to kQueryBytesMax, trees up to kNodesMax nodes and kDepthMax levels; beyond is rule R23.

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agreement/policy.h"
#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"
#include "privacy/accountant.h"
#include "sql/executable_plan.h"
#include "sql/finding.h"
#include "sql/statement_parser.h"

namespace cloister::sql {

// A dataset the query may name, out of its owner's newest verified manifest.
struct CompileDataset {
  std::string id;            // "ds_..."; the query text may say `dataset_<id>` or `dataset_<id without ds_>`
  std::string name;          // or this
  std::string organisation;  // the owner's, for messages and for rule R28
  agreement::DatasetSchema schema;
  agreement::DatasetPolicy policy;
  // Level k_anonymized: what has been released of this version; later queries show part of it or nothing (R26).
  std::optional<AnonymousPin> pinned;
  Digest256 manifest{};
};

struct CompileRequest {
  std::string text;
  // Values of $name or $1 (names "1", "2", ...): JSON strings, numbers, booleans or null.
  std::map<std::string, codec::Json> parameters;
  std::string level = "aggregate_only";  // as the analyst wrote it; unknown names are refused (R27)
  // Parameters of the level. differential_privacy: "epsilon" and "delta" (numbers; absent: the least that the owners
  // allow a query), "mechanism" ("laplace", "gaussian"). Unknown members are refused (R25).
  codec::JsonObject privacy;
  std::vector<CompileDataset> datasets;  // all of the environment; names are unique without regard to case
  std::string analyst_organisation;
  bool cross_owner_joins_allowed = false;  // the charter's word
  // Level aggregate_only: the plan gives the units behind each group, so that answers are compared with earlier ones.
  bool history_guard = false;
};

// What a dataset's owner is asked to approve.
struct DatasetUse {
  std::string id;
  std::string organisation;
  std::vector<std::string> columns;  // read, in whatever role; sorted
  Digest256 manifest{};
  privacy::PrivacyLoss loss;  // what the query costs its budget; zero but for protected datasets with noise
};

struct CompiledQuery {
  ExecutablePlan plan;
  std::string report;  // canonical JSON (explain/report.h): level, datasets, columns, lineage, words, protections
  Digest256 plan_digest{};
  Digest256 report_digest{};
  std::vector<DatasetUse> datasets;  // sorted by id
};

// Either a query that may run once it is approved, or every reason why not.
using CompileVerdict = std::variant<CompiledQuery, std::vector<Finding>>;

// An Error means that `parser` failed or that `request` is not well formed (two datasets with one name); a query that
// may not run is a verdict. Thread-safe when the parser is.
Result<CompileVerdict> Compile(const CompileRequest& request, StatementParser& parser);

// {"rule":..., "owner":..., "severity":..., "from":..., "to":..., "line":..., "message":..., "fix":...}
codec::Json EncodeFindings(const std::vector<Finding>& findings);

}  // namespace cloister::sql
