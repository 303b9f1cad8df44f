#pragma once

// The folder of cases as values; its format is corpus/SCHEMA.md, sections 1 and 5.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "sql/compile.h"

namespace cloister::attacks {

struct Check {
  std::string type;
  codec::JsonObject body;
};

struct Case {
  std::string id;
  std::string class_name;
  std::string level;
  std::string sql;
  bool reject = false;
  bool runtime = false;
  std::vector<std::string> sequence;
  int repeat = 1;
  std::vector<Check> checks;
  std::string why;
};

struct Corpus {
  std::string schema_sql;
  std::string analyst_organisation;
  std::vector<sql::CompileDataset> datasets;  // ids are "ds_<name>"
  std::vector<Case> cases;
};

// By name or id; null when there is none.
const sql::CompileDataset* FindDataset(const Corpus& corpus, std::string_view name);

// An unknown `expect` or check type is an error of the folder, never a skipped case.
Result<Corpus> ReadCorpus(const std::string& folder);

}  // namespace cloister::attacks
