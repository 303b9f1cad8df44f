#pragma once

// A policy as the owner names it on the command line: a file, standard input, or a preset with its unit.

#include <string>

#include "agreement/policy_file.h"
#include "cli/context.h"

namespace cloister::cli {

// A JSON file of at most 1 MiB; "-" is standard input. Errors name the file.
Result<codec::Json> ReadJsonFile(Context& context, const std::string& path);
// A JSON file, or a CSV file whose columns are read off it (schema_guess.h).
Result<agreement::DatasetSchema> ReadSchemaFile(Context& context, const std::string& path);

struct PolicyTerms {
  const std::string& policy;  // a file, or a preset's name if there is no such file
  const std::string& unit;    // of a preset
  std::int64_t group_size = agreement::kMinGroupSizeDefault;  // the charter's, for a file that states none
};
Result<agreement::PolicyFile> ReadPolicyTerms(Context& context, const PolicyTerms& terms,
                                              const agreement::DatasetSchema& schema);

}  // namespace cloister::cli
