#include "control/rest/sealed_intake.h"

#include <set>
#include <span>

namespace cloister::control {
namespace {

// The uploads that stream into this process. One that is open and not among them has nobody any more who would end it.
class Streaming {
 public:
  void Enter(const UploadId& upload) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    uploads_.insert(upload);
  }
  void Leave(const UploadId& upload) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    uploads_.erase(upload);
  }
  bool Has(const UploadId& upload) const CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return uploads_.contains(upload);
  }

 private:
  mutable Mutex mutex_;
  std::set<UploadId> uploads_ CLOISTER_GUARDED_BY(mutex_);
};

Streaming& AllStreaming() {
  static Streaming all;
  return all;
}

}  // namespace

class SealedIntake::DraftSink final : public ByteSink {
 public:
  DraftSink(sealing::BlobStore& blobs, std::string name) : blobs_(blobs), name_(std::move(name)) {}
  Status Write(ByteView piece) override {
    const Status written = blobs_.WriteDraft(name_, written_, piece);
    if (!written && written.error().code == Code::kNotFound) return NotFound("there is no such upload any more");
    CLOISTER_TRY(written);
    written_ += piece.size();
    return {};
  }

 private:
  sealing::BlobStore& blobs_;
  const std::string name_;
  std::uint64_t written_ = 0;
};

SealedIntake::SealedIntake(const Api& api, UploadOfDataset which)
    : api_(api), which_(std::move(which)), sink_(std::make_unique<DraftSink>(api.blobs, which_.upload.str())) {
  AllStreaming().Enter(which_.upload);
}

SealedIntake::~SealedIntake() {
  writer_.reset();
  if (!finished_) {
    // Without a turn, for which an event loop would wait: it is nobody else's, and who removes it too does the same.
    (void)api_.blobs.DiscardDraft(which_.upload.str());
    (void)api_.blobs.Remove(which_.upload.str());
    (void)api_.store.datasets.RemoveUpload(which_.upload);
  }
  AllStreaming().Leave(which_.upload);
}

// An upload in one request has no parts.
Status SealedIntake::MakeRoom(const Api& api, const DatasetId& dataset) {
  CLOISTER_ASSIGN(const auto uploads, api.store.datasets.UploadsOf(dataset));
  int streaming = 0;
  for (const UploadRecord& each : uploads) {
    if (each.object || each.part_size_bytes != 0) continue;
    if (!AllStreaming().Has(each.id)) CLOISTER_TRY(ForgetUpload(api, each.id));
    else ++streaming;
  }
  if (streaming < kIntakesMax) return {};
  return Unavailable("the dataset's file is being sent by as many requests as may at once; try again later");
}

Result<std::unique_ptr<SealedIntake>> SealedIntake::Start(const Api& api, const DatasetAccess& access) {
  const Member& member = access.member;
  if (member.key.custody != KeyCustody::kServer) {
    return FailedPrecondition(
        "you keep your own key, so your file is sealed before it is sent: cloister dataset upload");
  }
  CLOISTER_ASSIGN(const std::string text, api.custodian.RecipientFor(*member.session, member.key));
  CLOISTER_ASSIGN(const auto recipient, sealing::AgeRecipient::Parse(text));
  const UploadRecord record{.id = UploadId::New(api.clock, api.rng),
                            .dataset = access.dataset.id,
                            .object = std::nullopt,
                            .created_at = api.clock.Now()};
  std::unique_ptr<SealedIntake> intake;
  const FilesTurn turn(record.dataset);
  CLOISTER_TRY(RequireDatasetNow(api, record.dataset));
  CLOISTER_TRY(MakeRoom(api, record.dataset));
  CLOISTER_TRY(api.store.datasets.AddUpload(record));
  intake.reset(new SealedIntake(api, {.dataset = record.dataset, .upload = record.id}));
  // Writes the header, and so begins the draft, in the turn: whoever ends the upload later ends the draft too.
  CLOISTER_ASSIGN(
      intake->writer_,
      sealing::SealWriter::Start({.recipients = std::span(&recipient, 1), .rng = api.rng, .sink = *intake->sink_}));
  return intake;
}

Status SealedIntake::Write(ByteView plain) { return writer_->Write(plain); }

Result<agreement::SealedObjectRef> SealedIntake::Finish() {
  CLOISTER_ASSIGN(const agreement::SealedObjectRef object, writer_->Finish());
  CLOISTER_TRY(api_.blobs.Publish(which_.upload.str(), object.length_bytes));  // long where the file is large: no turn
  const FilesTurn turn(which_.dataset);
  CLOISTER_TRY(RequireOpenUpload(api_, which_));
  CLOISTER_TRY(api_.store.datasets.CompleteUpload(which_.upload, object, api_.clock.Now()));
  finished_ = true;
  return object;
}

Status SealedIntake::GiveUp() {
  const FilesTurn turn(which_.dataset);
  return ForgetUpload(api_, which_.upload);
}

}  // namespace cloister::control
