#include "control/rest/dataset_files.h"

#include <map>
#include <utility>

namespace cloister::control {
namespace {

// The datasets that somebody has a turn at, or waits for one.
class Turns {
 public:
  std::shared_ptr<Mutex> Of(const DatasetId& dataset) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    auto& known = known_[dataset];
    auto found = known.lock();
    if (!found) known = found = std::make_shared<Mutex>();
    return found;
  }
  void Leave(const DatasetId& dataset, std::shared_ptr<Mutex> turn) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    turn.reset();
    const auto found = known_.find(dataset);
    if (found != known_.end() && found->second.expired()) known_.erase(found);
  }

 private:
  Mutex mutex_;
  std::map<DatasetId, std::weak_ptr<Mutex>> known_ CLOISTER_GUARDED_BY(mutex_);
};

Turns& AllTurns() {
  static Turns all;
  return all;
}

}  // namespace

FilesTurn::FilesTurn(DatasetId dataset) : dataset_(std::move(dataset)), mutex_(AllTurns().Of(dataset_)) {
  mutex_->Lock();
}

FilesTurn::~FilesTurn() {
  mutex_->Unlock();
  AllTurns().Leave(dataset_, std::move(mutex_));
}

Status RequireDatasetNow(const Api& api, const DatasetId& dataset) {
  CLOISTER_ASSIGN(const auto found, api.store.datasets.Find(dataset));
  return found ? Status() : NotFound("there is no such dataset");
}

Result<UploadRecord> RequireUploadNow(const Api& api, const UploadOfDataset& which) {
  CLOISTER_TRY(RequireDatasetNow(api, which.dataset));
  CLOISTER_ASSIGN(auto upload, api.store.datasets.FindUpload(which.upload));
  if (!upload || upload->dataset != which.dataset) return NotFound("there is no such upload");
  return *std::move(upload);
}

Result<UploadRecord> RequireOpenUpload(const Api& api, const UploadOfDataset& which) {
  CLOISTER_ASSIGN(UploadRecord upload, RequireUploadNow(api, which));
  if (upload.object) return FailedPrecondition("the upload is complete");
  return upload;
}

Status ForgetUpload(const Api& api, const UploadId& upload) {
  CLOISTER_TRY(api.store.datasets.WithdrawUpload(upload));
  CLOISTER_TRY(api.blobs.DiscardDrafts(upload.str()));
  CLOISTER_TRY(api.blobs.Remove(upload.str()));
  return api.store.datasets.RemoveUpload(upload);
}

}  // namespace cloister::control
