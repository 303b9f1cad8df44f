#include "cli/upload_state.h"

#include <sys/stat.h>

#include "cli/durable_file.h"
#include "codec/json.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kStateBytesMax = 64 << 10;

}  // namespace

Result<SourceFile> LookAtSource(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return NotFound("there is no file " + path.string());
  }
  std::error_code error;
  return SourceFile{.path = std::filesystem::absolute(path, error).string(),
                    .size_bytes = static_cast<std::uint64_t>(status.st_size),
                    .modified_ns = status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec};
}

UploadCache::UploadCache(const Home& home, const EnvironmentId& environment, const std::string& name)
    : folder_(home.CacheFolder() / environment.str() / name) {}

Result<std::optional<UploadState>> UploadCache::Load() const {
  Result<std::string> text = ReadFile(folder_ / "state.json", kStateBytesMax);
  if (!text && text.error().code == Code::kNotFound) return std::optional<UploadState>();
  if (!text) return std::move(text).error();
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(*text));
  codec::ObjectReader in(json, "upload");
  SourceFile source{
      .path = in.String("path"),
      .size_bytes = static_cast<std::uint64_t>(in.Integer("size_bytes", 0, agreement::kSealedObjectBytesMax)),
      .modified_ns = std::strtoll(in.String("modified_ns").c_str(), nullptr, 10)};
  const std::string recipient = in.String("recipient"), dataset = in.String("dataset"), upload = in.String("upload");
  const std::string sealed_path = in.String("sealed_path");
  const Digest256 terms = in.HexDigest("terms");
  const codec::Json object = in.Any("object");
  const std::int64_t part_size = in.Integer("part_size_bytes", 0, agreement::kSealedObjectBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(DatasetId id, DatasetId::Parse(dataset));
  CLOISTER_ASSIGN(auto ref, agreement::DecodeObjectRef(object, "upload.object"));
  return std::optional<UploadState>(UploadState{std::move(source), recipient, terms, std::move(id), ref, sealed_path,
                                                upload, static_cast<std::uint64_t>(part_size)});
}

Status UploadCache::Save(const UploadState& state) {
  const codec::Json json = codec::JsonObject{
      {"path", state.source.path},
      {"size_bytes", static_cast<std::int64_t>(state.source.size_bytes)},
      {"modified_ns", std::to_string(state.source.modified_ns)},  // beyond what a JSON number holds exactly
      {"recipient", state.recipient},
      {"terms", codec::HexEncode(state.terms)},
      {"dataset", state.dataset.str()},
      {"object", agreement::EncodeObjectRef(state.object)},
      {"sealed_path", state.sealed_path},
      {"upload", state.upload},
      {"part_size_bytes", static_cast<std::int64_t>(state.part_size_bytes)}};
  CLOISTER_TRY(MakePrivateFolder(folder_));
  return WriteDurably(folder_ / "state.json", codec::CanonicalJson(json) + "\n", FileAccess::kOwnerOnly);
}

Status UploadCache::Clear() {
  CLOISTER_TRY(RemoveDurably(folder_ / "state.json"));
  CLOISTER_TRY(RemoveDurably(SealedPath()));
  std::error_code error;
  std::filesystem::remove(folder_, error);  // an empty folder left behind harms nobody
  return {};
}

}  // namespace cloister::cli
