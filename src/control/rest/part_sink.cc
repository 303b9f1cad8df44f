#include "control/rest/part_sink.h"

#include <algorithm>
#include <optional>

#include "control/rest/dataset_files.h"

namespace cloister::control {
namespace {

struct AttemptTag { static constexpr std::string_view kPrefix = "try"; };

Result<std::optional<UploadPart>> FindPart(const Api& api, const UploadId& upload, std::uint64_t part) {
  CLOISTER_ASSIGN(const auto parts, api.store.datasets.Parts(upload));
  const auto found = std::ranges::find(parts, part, &UploadPart::part);
  if (found == parts.end()) return std::optional<UploadPart>();
  return std::optional(*found);
}

}  // namespace

std::uint64_t PartCount(const UploadRecord& upload) {
  if (upload.part_size_bytes == 0) return 0;
  return (upload.size_bytes + upload.part_size_bytes - 1) / upload.part_size_bytes;
}

std::uint64_t PartBytes(const UploadRecord& upload, std::uint64_t part) {
  return part < PartCount(upload) ? upload.part_size_bytes : upload.size_bytes - (part - 1) * upload.part_size_bytes;
}

// The draft's name begins with the upload's id, so that it goes with it where this process ends before (ForgetUpload).
PartSink::PartSink(const Api& api, UploadRecord upload, const Wanted& wanted)
    : api_(api),
      upload_(std::move(upload)),
      wanted_(wanted),
      draft_(upload_.id.str() + "_" + Id<AttemptTag>::New(api.clock, api.rng).str()) {}

Result<std::unique_ptr<PartSink>> PartSink::Open(const Api& api, UploadRecord upload, const Wanted& wanted) {
  CLOISTER_ASSIGN(const auto there, FindPart(api, upload.id, wanted.part));
  std::unique_ptr<PartSink> sink(new PartSink(api, std::move(upload), wanted));
  sink->known_ = there && there->digest == wanted.digest;
  return sink;
}

PartSink::~PartSink() {
  if (!known_ && written_ > 0) (void)api_.blobs.DiscardDraft(draft_);
}

Status PartSink::Write(ByteView piece) {
  if (piece.size() > PartBytes(upload_, wanted_.part) - written_)
    return InvalidArgument("the part is longer than it may be");
  if (!known_) CLOISTER_TRY(api_.blobs.WriteDraft(draft_, written_, piece));
  digest_.Update(piece);
  written_ += piece.size();
  return {};
}

Result<net::Response> PartSink::Finish() {
  if (written_ != PartBytes(upload_, wanted_.part)) return InvalidArgument("the part is shorter than it must be");
  if (digest_.Finish() != wanted_.digest)
    return InvalidArgument("the part is not the one that Content-Digest announced");
  CLOISTER_TRY(Place());
  return JsonResponse(200, {{"part", wanted_.part}, {"size_bytes", written_}});
}

Status PartSink::Place() {
  const FilesTurn turn(upload_.dataset);
  CLOISTER_TRY(RequireOpenUpload(api_, {.dataset = upload_.dataset, .upload = upload_.id}));
  CLOISTER_ASSIGN(const auto there, FindPart(api_, upload_.id, wanted_.part));
  if (there && there->digest == wanted_.digest) return {};
  if (known_) return Conflict("other bytes took the part's place meanwhile; send it again");
  if (there) CLOISTER_TRY(api_.store.datasets.RemovePart(upload_.id, wanted_.part));
  CLOISTER_TRY(api_.blobs.MoveDraft(
      {.from = draft_, .into = upload_.id.str(), .offset = (wanted_.part - 1) * upload_.part_size_bytes}));
  return api_.store.datasets.PutPart(upload_.id,
                                     {.part = wanted_.part, .size_bytes = written_, .digest = wanted_.digest});
}

}  // namespace cloister::control
