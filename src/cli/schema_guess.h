#pragma once

// A schema for a file whose owner has not written one down.

#include <filesystem>

#include "agreement/policy.h"
#include "base/result.h"

namespace cloister::cli {

// The schema of a CSV file from its header and all its values: BOOLEAN, BIGINT, DOUBLE, DATE, TIMESTAMP, else VARCHAR.
// Numbers with leading zeros are texts (a ZIP code is no number).
Result<agreement::DatasetSchema> GuessCsvSchema(const std::filesystem::path& path);

}  // namespace cloister::cli
