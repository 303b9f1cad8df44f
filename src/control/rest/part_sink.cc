#include "control/rest/part_sink.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/mutex.h"
#include "control/rest/dataset_files.h"

namespace cloister::control {
namespace {

class Seats {
 public:
  bool Take(const DatasetId& dataset) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    int& taken = taken_[dataset];
    return taken < kPartsAtOnceMax && ++taken > 0;
  }
  void Leave(const DatasetId& dataset) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (--taken_[dataset] == 0) taken_.erase(dataset);
  }

 private:
  Mutex mutex_;
  std::map<DatasetId, int> taken_ CLOISTER_GUARDED_BY(mutex_);
};

Seats& AllSeats() {
  static Seats all;
  return all;
}

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

Error BytesAreGone() {
  return {Code::kDataLoss, "the upload's bytes are not there any more; give it up and begin another one"};
}

Result<std::unique_ptr<PartSink::Seat>> PartSink::Seat::Take(const DatasetId& dataset) {
  if (AllSeats().Take(dataset)) return std::unique_ptr<Seat>(new Seat(dataset));
  return ResourceExhausted("as many parts of the dataset's files are being sent as may at once; send this one later");
}

PartSink::Seat::~Seat() { AllSeats().Leave(dataset_); }

// The draft's name begins with the upload's id, so that it goes with it where this process ends before (ForgetUpload).
PartSink::PartSink(const Api& api, UploadRecord upload, const Wanted& wanted)
    : api_(api),
      upload_(std::move(upload)),
      wanted_(wanted),
      draft_(upload_.id.str() + "_" + Id<AttemptTag>::New(api.clock, api.rng).str()) {}

Result<std::unique_ptr<PartSink>> PartSink::Open(const Api& api, UploadRecord upload, const Wanted& wanted) {
  CLOISTER_ASSIGN(auto seat, Seat::Take(upload.dataset));
  CLOISTER_ASSIGN(const auto there, FindPart(api, upload.id, wanted.part));
  std::unique_ptr<PartSink> sink(new PartSink(api, std::move(upload), wanted));
  sink->seat_ = std::move(seat);
  sink->known_ = there && there->digest == wanted.digest;
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
Status PartSink::RequireDraft() const {
  CLOISTER_ASSIGN(const auto parts, api_.store.datasets.Parts(upload_.id));
  const auto blob = api_.blobs.Read(upload_.id.str(), 0, 1);
  if (blob && parts.size() < PartCount(upload_)) return BytesAreGone();
  if (blob) return FailedPrecondition("all parts are there; complete the upload, or give it up");
  if (blob.error().code != Code::kNotFound) return blob.error();
  if (parts.empty()) return {};
  const auto draft = api_.blobs.ReadDraft(upload_.id.str(), 0, 1);
  if (draft) return {};
  return draft.error().code == Code::kNotFound ? BytesAreGone() : draft.error();
}

Status PartSink::Place() {
  const FilesTurn turn(upload_.dataset);
  CLOISTER_TRY(RequireOpenUpload(api_, {.dataset = upload_.dataset, .upload = upload_.id}));
  CLOISTER_ASSIGN(const auto there, FindPart(api_, upload_.id, wanted_.part));
  if (there && there->digest == wanted_.digest) return {};
  if (known_) return Conflict("other bytes took the part's place meanwhile; send it again");
  CLOISTER_TRY(RequireDraft());
  if (there) CLOISTER_TRY(api_.store.datasets.RemovePart(upload_.id, wanted_.part));
  CLOISTER_TRY(api_.blobs.MoveDraft(
      {.from = draft_, .into = upload_.id.str(), .offset = (wanted_.part - 1) * upload_.part_size_bytes}));
  return api_.store.datasets.PutPart(upload_.id,
                                     {.part = wanted_.part, .size_bytes = written_, .digest = wanted_.digest});
}

}  // namespace cloister::control
