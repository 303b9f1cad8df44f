#pragma once

// What an upload has come to, on disk, so that it goes on after a crash or a broken connection with the same
// ciphertext: a file is sealed once. One folder per environment and dataset name below cache/:
//
//   state.json   what was sealed, for whom, and where it goes
//   sealed.age   the sealed file (absent when the user brought one of his own)

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "agreement/object_ref.h"
#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "cli/home.h"

namespace cloister::cli {

// A file as it was when it was sealed: another size or time is another file.
struct SourceFile {
  std::string path;  // absolute
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;
  bool operator==(const SourceFile&) const = default;
};
Result<SourceFile> LookAtSource(const std::filesystem::path& path);

struct UploadState {
  SourceFile source;
  std::string recipient;  // age1...; that it is sealed to
  Digest256 terms{};      // of name, format, schema and policy
  DatasetId dataset;
  agreement::SealedObjectRef object;
  std::string sealed_path;  // the age file
  std::string upload;       // the server's id of it; empty before there is one
  std::uint64_t part_size_bytes = 0;
};

class UploadCache {
 public:
  UploadCache(const Home& home, const EnvironmentId& environment, const std::string& name);
  std::filesystem::path SealedPath() const { return folder_ / "sealed.age"; }
  std::filesystem::path folder() const { return folder_; }

  Result<std::optional<UploadState>> Load() const;
  Status Save(const UploadState& state);
  Status Clear();

 private:
  std::filesystem::path folder_;
};

}  // namespace cloister::cli
