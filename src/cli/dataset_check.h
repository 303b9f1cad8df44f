#pragma once

// Looking through a file before it is sealed: whatever the enclave would refuse when it loads it, and two things that
// it could not mend any more: a person without an id, and a value outside of the policy's bounds. The values are read
// by the functions that the enclave reads them with (codec/csv.h, codec/sql_text.h).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "agreement/documents.h"
#include "agreement/policy.h"
#include "base/result.h"

namespace cloister::cli {

inline constexpr std::size_t kProblemsShownMax = 20;

struct FileProblem {
  std::int64_t line = 1;
  std::string column;   // empty: the whole line
  std::string message;  // what is wrong and the mend; never the value
};

struct FileVerdict {
  std::int64_t rows = 0;
  std::vector<FileProblem> problems;  // the first kProblemsShownMax
  bool more = false;                  // there are others; counting stopped
};

struct FileToCheck {
  const std::filesystem::path& path;
  agreement::DataFormat format;
  const agreement::DatasetSchema& schema;
  const agreement::DatasetPolicy& policy;
  std::function<void(std::uint64_t done_bytes)> progress;
};
// An Error when the file cannot be read at all. Of Parquet only the frame is looked at: the enclave reads its columns.
Result<FileVerdict> CheckDatasetFile(const FileToCheck& file);

}  // namespace cloister::cli
