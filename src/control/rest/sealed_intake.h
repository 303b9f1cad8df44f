#pragma once

// A plain file on its way into the store, for an owner whose key the server keeps: sealed to the enclave while it
// arrives, so that neither disk nor memory ever holds it whole or in the clear. Room-private.
//
//   CLOISTER_ASSIGN(auto intake, SealedIntake::Start(api, access));
//   CLOISTER_TRY(intake->Write(piece));
//   CLOISTER_ASSIGN(const SealedObjectRef object, intake->Finish());   // published, durable

#include <memory>

#include "control/rest/api.h"
#include "control/rest/dataset_files.h"
#include "sealing/seal_writer.h"

namespace cloister::control {

inline constexpr int kIntakesMax = 8;  // into one dataset at once

class SealedIntake {
 public:
  // Verifies the enclave as a client would before anything is sealed to it. kFailedPrecondition for an owner who keeps
  // his own key. Several may stream into one dataset, each into a draft of its own, and the one that is finished last
  // is its newest file; kResourceExhausted beyond kIntakesMax. What a process that ended left behind goes; a client
  // that vanished is over when its connection is (net/server/limits.h).
  static Result<std::unique_ptr<SealedIntake>> Start(const Api& api, const DatasetAccess& access);
  ~SealedIntake();  // without a Finish() that succeeded: nothing is left
  SealedIntake(const SealedIntake&) = delete;
  SealedIntake& operator=(const SealedIntake&) = delete;

  Status Write(ByteView plain);
  // kNotFound when the dataset was removed meanwhile, or the upload given up.
  Result<agreement::SealedObjectRef> Finish();
  // After Finish(): nothing rests on the object, and it goes. Under the session's terms_mutex(), so that nobody signs
  // for it now.
  Status GiveUp();

 private:
  class DraftSink;
  SealedIntake(const Api& api, UploadOfDataset which);
  static Status MakeRoom(const Api& api, const DatasetId& dataset);

  const Api& api_;
  const UploadOfDataset which_;
  std::unique_ptr<DraftSink> sink_;
  std::optional<sealing::SealWriter> writer_;
  bool finished_ = false;
};

}  // namespace cloister::control
