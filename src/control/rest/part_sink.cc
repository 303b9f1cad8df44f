#include "control/rest/part_sink.h"

#include <algorithm>
#include <vector>

#include "control/rest/dataset_files.h"

namespace cloister::control {
namespace {

const Seats<DatasetId>& AllSeats() {
  static const Seats<DatasetId> all(kPartsAtOnceMax);
  return all;
}

struct AttemptTag { static constexpr std::string_view kPrefix = "try"; };

// Null where it is not there.
const UploadPart* FindPart(const std::vector<UploadPart>& parts, std::uint64_t part) {
  const auto found = std::ranges::find(parts, part, &UploadPart::part);
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

std::uint64_t PartCount(const UploadRecord& upload) {
  if (upload.part_size_bytes == 0) return 0;
  return (upload.size_bytes + upload.part_size_bytes - 1) / upload.part_size_bytes;
}

std::uint64_t PartBytes(const UploadRecord& upload, std::uint64_t part) {
  return part < PartCount(upload) ? upload.part_size_bytes : upload.size_bytes - (part - 1) * upload.part_size_bytes;
}

Error BytesAreGone() {
  return {Code::kDataLoss, "the upload's bytes are not there any more; give it up and begin another one"};
}

// The draft's name begins with the upload's id, so that it goes with it where this process ends before (ForgetUpload).
PartSink::PartSink(const Api& api, UploadRecord upload, const Wanted& wanted)
    : api_(api),
      upload_(std::move(upload)),
      wanted_(wanted),
      draft_(upload_.id.str() + "_" + Id<AttemptTag>::New(api.clock, api.rng).str()) {}

Result<std::unique_ptr<PartSink>> PartSink::Open(const Api& api, UploadRecord upload, const Wanted& wanted) {
  auto seat = AllSeats().Take(upload.dataset);
  if (seat == nullptr) {
    return Unavailable("as many parts of the dataset's files are being sent as may at once; send this one later");
  }
  CLOISTER_ASSIGN(const auto parts, api.store.datasets.Parts(upload.id));
  const UploadPart* there = FindPart(parts, wanted.part);
  std::unique_ptr<PartSink> sink(new PartSink(api, std::move(upload), wanted));
  sink->seat_ = std::move(seat);
  sink->known_ = there != nullptr && there->digest == wanted.digest;
  return sink;
}

PartSink::~PartSink() {
  if (begun_) (void)api_.blobs.DiscardDraft(draft_);
}

Status PartSink::Write(ByteView piece) {
  if (piece.size() > PartBytes(upload_, wanted_.part) - written_)
    return InvalidArgument("the part is longer than it may be");
  if (!known_) CLOISTER_TRY(begun_ ? GoOn(piece) : BeginDraft(piece));
  digest_.Update(piece);
  written_ += piece.size();
  return {};
}

// In a turn, and the upload is there: whoever ends it later ends the draft too, even where this process dies.
Status PartSink::BeginDraft(ByteView piece) {
  const FilesTurn turn(upload_.dataset);
  CLOISTER_TRY(RequireOpenUpload(api_, {.dataset = upload_.dataset, .upload = upload_.id}));
  begun_ = true;
  return api_.blobs.WriteDraft(draft_, 0, piece);
}

Status PartSink::GoOn(ByteView piece) {
  Status written = api_.blobs.WriteDraft(draft_, written_, piece);
  if (written || written.error().code != Code::kNotFound) return written;
  CLOISTER_TRY(RequireOpenUpload(api_, {.dataset = upload_.dataset, .upload = upload_.id}));
  return Conflict("the part's bytes went while it was sent; send it again");
}

Result<net::Response> PartSink::Finish() {
  if (written_ != PartBytes(upload_, wanted_.part)) return InvalidArgument("the part is shorter than it must be");
  if (digest_.Finish() != wanted_.digest)
    return InvalidArgument("the part is not the one that Content-Digest announced");
  CLOISTER_TRY(Place());
  return JsonResponse(200, {{"part", wanted_.part}, {"size_bytes", written_}});
}

// A part goes into the draft that has the others. A draft made anew in its stead would be zeros where they were; that
// of an upload whose publishing was cut off is its blob by now.
Status PartSink::RequireDraft(std::size_t parts) const {
  const auto blob = api_.blobs.Read(upload_.id.str(), 0, 1);
  if (blob && parts < PartCount(upload_)) return BytesAreGone();
  if (blob) return FailedPrecondition("all parts are there; complete the upload, or give it up");
  if (blob.error().code != Code::kNotFound) return blob.error();
  if (parts == 0) return {};
  const auto draft = api_.blobs.ReadDraft(upload_.id.str(), 0, 1);
  if (draft) return {};
  return draft.error().code == Code::kNotFound ? BytesAreGone() : draft.error();
}

Status PartSink::Place() {
  const FilesTurn turn(upload_.dataset);
  CLOISTER_TRY(RequireOpenUpload(api_, {.dataset = upload_.dataset, .upload = upload_.id}));
  CLOISTER_ASSIGN(const auto parts, api_.store.datasets.Parts(upload_.id));
  const UploadPart* there = FindPart(parts, wanted_.part);
  if (there != nullptr && there->digest == wanted_.digest) return {};
  if (known_) return Conflict("other bytes took the part's place meanwhile; send it again");
  CLOISTER_TRY(RequireDraft(parts.size()));
  if (there != nullptr) CLOISTER_TRY(api_.store.datasets.RemovePart(upload_.id, wanted_.part));
  CLOISTER_TRY(api_.blobs.MoveDraft(
      {.from = draft_, .into = upload_.id.str(), .offset = (wanted_.part - 1) * upload_.part_size_bytes}));
  return api_.store.datasets.PutPart(
      upload_.id, {.part = wanted_.part, .size_bytes = written_, .digest = wanted_.digest}, api_.clock.Now());
}

}  // namespace cloister::control
