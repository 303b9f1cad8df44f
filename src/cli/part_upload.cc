#include "cli/part_upload.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "cli/lookup.h"
#include "cli/progress.h"
#include "cli/server_json.h"
#include "codec/text.h"
#include "crypto/digest.h"

namespace cloister::cli {
namespace {

constexpr std::uint64_t kPartBytesMax = std::uint64_t{1} << 30;
constexpr std::uint64_t kPartsMax = 100'000;
constexpr std::size_t kReadBytes = 256 << 10;

// The bytes [begin, begin + size) of a file.
class FilePart final : public net::UploadBody {
 public:
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t size_bytes = 0;
  };
  FilePart(const std::string& path, Range range) : stream_(path, std::ios::binary), range_(range) {}

  std::uint64_t size_bytes() const override { return range_.size_bytes; }
  Status Rewind() override {
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(range_.begin));
    left_bytes_ = range_.size_bytes;
    if (stream_) return {};
    return Error{Code::kDataLoss, "the sealed file in the cache cannot be read any more"};
  }
  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    const auto wanted = static_cast<std::streamsize>(std::min<std::uint64_t>(into.size(), left_bytes_));
    stream_.read(reinterpret_cast<char*>(into.data()), wanted);
    if (stream_.gcount() != wanted) return Error{Code::kDataLoss, "the sealed file in the cache became shorter"};
    left_bytes_ -= static_cast<std::uint64_t>(wanted);
    return static_cast<std::size_t>(wanted);
  }

 private:
  std::ifstream stream_;
  Range range_;
  std::uint64_t left_bytes_ = 0;
};

Result<Digest256> DigestOf(FilePart& part) {
  CLOISTER_TRY(part.Rewind());
  crypto::Sha256Stream digest;
  Bytes piece(kReadBytes);
  for (;;) {
    CLOISTER_ASSIGN(const std::size_t count, part.Read(piece));
    if (count == 0) return digest.Finish();
    digest.Update(ByteView(piece).first(count));
  }
}

// RFC 9530: a structured-field byte sequence is base64 between colons.
std::string ContentDigest(const Digest256& digest) { return "sha-256=:" + codec::Base64Encode(digest) + ":"; }

Status OpenUpload(Session& session, UploadCache& cache, UploadState& state) {
  CLOISTER_ASSIGN(
      const codec::Json answer,
      session.api().Post(DatasetPath(state.dataset) + "/uploads",
                         codec::JsonObject{{"size_bytes", static_cast<std::int64_t>(state.object.length_bytes)}}));
  const codec::Json& upload = MemberAt(answer, "upload");
  state.upload = TextAt(upload, "id");
  const std::int64_t part_size = IntegerAt(upload, "part_size_bytes");
  if (state.upload.empty() || part_size < 1 || static_cast<std::uint64_t>(part_size) > kPartBytesMax ||
      state.object.length_bytes / static_cast<std::uint64_t>(part_size) > kPartsMax) {
    return Unavailable("the server's answer to the upload names no usable part size");
  }
  state.part_size_bytes = static_cast<std::uint64_t>(part_size);
  return cache.Save(state);
}

// Numbers of the parts that the server has, or nothing if it does not know the upload any more.
Result<std::optional<std::set<std::int64_t>>> PartsThere(Session& session, const UploadState& state) {
  const Result<codec::Json> answer = session.api().Get(UploadPath(state));
  if (!answer && answer.error().code == Code::kNotFound) return std::optional<std::set<std::int64_t>>();
  if (!answer) return answer.error();
  std::set<std::int64_t> there;
  for (const codec::Json& part : ArrayAt(MemberAt(*answer, "upload"), "parts"))
    there.insert(IntegerAt(part, "part", -1));
  return std::optional<std::set<std::int64_t>>(std::move(there));
}

Status SendPart(Session& session, const UploadState& state, std::uint64_t number) {
  const std::uint64_t begin = (number - 1) * state.part_size_bytes;
  FilePart part(state.sealed_path,
                {.begin = begin, .size_bytes = std::min(state.part_size_bytes, state.object.length_bytes - begin)});
  CLOISTER_ASSIGN(const Digest256 digest, DigestOf(part));
  CLOISTER_ASSIGN(const net::HttpAnswer answer,
                  session.api().Send({.method = net::HttpMethod::kPut,
                                      .target = UploadPath(state) + "/parts/" + std::to_string(number),
                                      .fields = {{"Content-Digest", ContentDigest(digest)},
                                                 {"Content-Type", "application/octet-stream"}},
                                      .upload = &part,
                                      .timeout_ms = session.context().flags.timeout_ms}));
  if (!answer.ok()) return net::JsonOf(answer).error();
  return {};
}

}  // namespace

std::string UploadPath(const UploadState& state) {
  return DatasetPath(state.dataset) + "/uploads/" + net::EncodeSegment(state.upload);
}

Status SendParts(Session& session, UploadCache& cache, UploadState& state) {
  std::optional<std::set<std::int64_t>> there;
  if (!state.upload.empty()) {
    CLOISTER_ASSIGN(there, PartsThere(session, state));
  }
  if (!there) {
    CLOISTER_TRY(OpenUpload(session, cache, state));
    there.emplace();
  }
  const std::uint64_t parts = (state.object.length_bytes + state.part_size_bytes - 1) / state.part_size_bytes;
  Progress progress(session.out(), session.context().clock,
                    {.label = "uploading", .total_bytes = state.object.length_bytes});
  for (std::uint64_t number = 1; number <= parts; ++number) {
    if (!there->contains(static_cast<std::int64_t>(number))) CLOISTER_TRY(SendPart(session, state, number));
    progress.Advance(std::min(number * state.part_size_bytes, state.object.length_bytes));
  }
  return {};
}

}  // namespace cloister::cli
