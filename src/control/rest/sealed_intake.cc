#include "control/rest/sealed_intake.h"

#include <span>

namespace cloister::control {

class SealedIntake::DraftSink final : public ByteSink {
 public:
  DraftSink(sealing::BlobStore& blobs, std::string name) : blobs_(blobs), name_(std::move(name)) {}
  Status Write(ByteView piece) override {
    CLOISTER_TRY(blobs_.WriteDraft(name_, written_, piece));
    written_ += piece.size();
    return {};
  }

 private:
  sealing::BlobStore& blobs_;
  const std::string name_;
  std::uint64_t written_ = 0;
};

SealedIntake::SealedIntake(const Api& api, UploadId upload)
    : api_(api), upload_(std::move(upload)), sink_(std::make_unique<DraftSink>(api.blobs, upload_.str())) {}

SealedIntake::~SealedIntake() {
  if (finished_) return;
  writer_.reset();
  (void)api_.store.datasets.RemoveUpload(upload_);
  (void)api_.blobs.DiscardDraft(upload_.str());
}

Result<std::unique_ptr<SealedIntake>> SealedIntake::Start(const Api& api, const DatasetAccess& access) {
  const Member& member = access.member;
  if (member.key.custody != KeyCustody::kServer) {
    return FailedPrecondition(
        "you keep your own key, so your file is sealed before it is sent: cloister dataset upload");
  }
  CLOISTER_ASSIGN(const std::string text, api.custodian.RecipientFor(*member.session, member.key));
  CLOISTER_ASSIGN(const auto recipient, sealing::AgeRecipient::Parse(text));
  // What a process that ended in the middle left behind. A streamed upload has no size before its end.
  CLOISTER_ASSIGN(const auto uploads, api.store.datasets.UploadsOf(access.dataset.id));
  for (const UploadRecord& each : uploads) {
    if (each.size_bytes != 0) continue;
    CLOISTER_TRY(api.store.datasets.RemoveUpload(each.id));
    CLOISTER_TRY(api.blobs.DiscardDraft(each.id.str()));
  }
  const UploadRecord record{.id = UploadId::New(api.clock, api.rng),
                            .dataset = access.dataset.id,
                            .object = std::nullopt,
                            .created_at = api.clock.Now()};
  CLOISTER_TRY(api.store.datasets.AddUpload(record));
  std::unique_ptr<SealedIntake> intake(new SealedIntake(api, record.id));
  CLOISTER_ASSIGN(
      intake->writer_,
      sealing::SealWriter::Start({.recipients = std::span(&recipient, 1), .rng = api.rng, .sink = *intake->sink_}));
  return intake;
}

Status SealedIntake::Write(ByteView plain) { return writer_->Write(plain); }

Result<agreement::SealedObjectRef> SealedIntake::Finish() {
  CLOISTER_ASSIGN(const agreement::SealedObjectRef object, writer_->Finish());
  CLOISTER_TRY(api_.blobs.Publish(upload_.str(), object.length_bytes));
  CLOISTER_TRY(api_.store.datasets.CompleteUpload(upload_, object));
  finished_ = true;
  return object;
}

Status SealedIntake::GiveUp() {
  CLOISTER_TRY(api_.store.datasets.RemoveUpload(upload_));
  return api_.blobs.Remove(upload_.str());
}

}  // namespace cloister::control
