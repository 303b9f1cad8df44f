#pragma once

// The files of a dataset change step by step, and of one dataset one step at a time: what a step looked at (an open
// upload, a dataset that is still there) is so until it has written. Bytes stream without a turn, each request into a
// draft of its own; a turn is taken for the moment in which they begin to count. Room-private.
//
//   const FilesTurn turn(dataset);
//   CLOISTER_ASSIGN(const UploadRecord upload, RequireOpenUpload(api, {.dataset = dataset, .upload = id}));
//   CLOISTER_TRY(api.blobs.Publish(...));
//   CLOISTER_TRY(api.store.datasets.CompleteUpload(...));

#include <memory>

#include "base/mutex.h"
#include "control/rest/api.h"

namespace cloister::control {

// Taken after the session's terms_mutex(), and never two by one thread.
class FilesTurn {
 public:
  explicit FilesTurn(DatasetId dataset) CLOISTER_ATTRIBUTE_(no_thread_safety_analysis);
  ~FilesTurn() CLOISTER_ATTRIBUTE_(no_thread_safety_analysis);
  FilesTurn(const FilesTurn&) = delete;
  FilesTurn& operator=(const FilesTurn&) = delete;

 private:
  const DatasetId dataset_;
  std::shared_ptr<Mutex> mutex_;
};

struct UploadOfDataset {
  DatasetId dataset;
  UploadId upload;
};
// In a turn: whoever looked before may have looked at a dataset that was removed since. kNotFound.
Status RequireDatasetNow(const Api& api, const DatasetId& dataset);
// As it is stored now. kNotFound when the dataset or the upload is gone. In a turn.
Result<UploadRecord> RequireUploadNow(const Api& api, const UploadOfDataset& which);
// Likewise; kFailedPrecondition when it is complete.
Result<UploadRecord> RequireOpenUpload(const Api& api, const UploadOfDataset& which);

// All of an upload goes: first what counts, then the bytes, then that it was. Cut off in the middle it is one that is
// not complete and has no parts, and whoever asks again ends it. In a turn.
Status ForgetUpload(const Api& api, const UploadId& upload);

}  // namespace cloister::control
