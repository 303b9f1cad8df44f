#pragma once

// A plain file on its way into the store, for an owner whose key the server keeps: sealed to the enclave while it
// arrives, so that neither disk nor memory ever holds it whole or in the clear. Room-private.
//
//   CLOISTER_ASSIGN(auto intake, SealedIntake::Start(api, access));
//   CLOISTER_TRY(intake->Write(piece));
//   CLOISTER_ASSIGN(const SealedObjectRef object, intake->Finish());   // published, durable

#include <memory>

#include "control/rest/api.h"
#include "sealing/seal_writer.h"

namespace cloister::control {

class SealedIntake {
 public:
  // Verifies the enclave as a client would before anything is sealed to it. kFailedPrecondition for an owner who keeps
  // his own key. One at a time for a dataset: the later one takes the place of one that is not finished.
  static Result<std::unique_ptr<SealedIntake>> Start(const Api& api, const DatasetAccess& access);
  ~SealedIntake();  // without Finish(): nothing is left
  SealedIntake(const SealedIntake&) = delete;
  SealedIntake& operator=(const SealedIntake&) = delete;

  Status Write(ByteView plain);
  Result<agreement::SealedObjectRef> Finish();
  // After Finish(): nothing rests on the object, and it goes.
  Status GiveUp();

 private:
  class DraftSink;
  SealedIntake(const Api& api, UploadId upload);

  const Api& api_;
  const UploadId upload_;
  std::unique_ptr<DraftSink> sink_;
  std::optional<sealing::SealWriter> writer_;
  bool finished_ = false;
};

}  // namespace cloister::control
