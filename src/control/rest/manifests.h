#pragma once

// From a registered dataset to the manifest that its owner signs, or that the server signs for him. Room-private.

#include <cstdint>
#include <optional>
#include <string>

#include "control/rest/api.h"

namespace cloister::control {

// kPermissionDenied for everybody but the owner.
Result<DatasetAccess> RequireOwner(const Api& api, const net::Request& request);

// How many people make a crowd where a policy does not say: by the charter in force, or the one that everybody is about
// to accept.
std::int64_t DefaultGroupSize(const Member& member);

// What the dataset's stored terms say, for this object, as the next version.
Result<agreement::LinkBody> MakeManifest(const DatasetAccess& access, const agreement::SealedObjectRef& object,
                                         const VerifiedView& view);

// The dataset as it is stored now; somebody else may have changed its terms since the request was let in. Under the
// session's terms_mutex().
Status LookAgain(const Api& api, DatasetAccess& access);

// The link of the manifest in force; absent without one.
std::optional<RecordedLink> LinkInForce(const DatasetAccess& access);

// Has the manifest recorded: `document` where the owner signs himself, else one that the server makes. The dataset is
// `encrypted` from then on and `available` once the enclave has loaded it. Under the session's terms_mutex().
Result<RecordedLink> RecordTerms(const Api& api, const DatasetAccess& access, const agreement::SealedObjectRef& object,
                                 const std::optional<std::string>& document);
// The same for another file under the terms that are stored. Where the manifest in force says the same already and the
// enclave did not refuse its file, it stands, and nothing is signed again; kConflict for a file that was signed for by
// another attempt at the same upload, and whose place another one took since: nobody goes back by a retry. Whoever
// wants to uploads it again, or signs the `document`, which is the owner's own affair.
struct OfferedFile {
  agreement::SealedObjectRef object;
  // The ledger's entry from which on another attempt may have signed for it: 0 for an upload that was complete before,
  // the ledger's size for one that this request completed. Absent: there is no other attempt.
  std::optional<std::uint64_t> signed_from = {};
};
Result<RecordedLink> RecordManifest(const Api& api, const DatasetAccess& access, const OfferedFile& file,
                                    const std::optional<std::string>& document);

// kInvalidArgument for a document that is no manifest of this dataset with this object, and without one from somebody
// who keeps his own key (api.h, CheckDocument): asked before anything is done that only such a document may follow.
Status CheckManifest(const DatasetAccess& access, const agreement::SealedObjectRef& object,
                     const std::optional<std::string>& document);

// The object that the newest manifest of the dataset names, in force or not; absent before the first.
std::optional<agreement::SealedObjectRef> NewestObject(const DatasetAccess& access);
// Whether any version of it names this object.
bool IsNamed(const DatasetAccess& access, const agreement::SealedObjectRef& object);

// {"dataset": ..., "message"} with the recorded link's members.
Result<net::Response> AnswerDataset(const Api& api, const DatasetAccess& access, int status,
                                    const std::optional<RecordedLink>& recorded, const std::string& message);

}  // namespace cloister::control
