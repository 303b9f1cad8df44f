#pragma once

// One part of an upload on its way in. It arrives in a draft of its own and becomes the part once it is whole and has
// the announced digest; so whatever else comes, at once or instead, a part is what its digest says or is not there:
//
//   the row of other bytes goes -> the bytes move into the upload's draft -> the row of these bytes comes
//
// A part that is there already with that digest stays as it is: whatever comes, and however far, it is not written
// over. Of two that are sent at once the one that is whole last stands. Nothing changes any more once the upload's
// draft has become its blob, whether or not somebody lived to say so. Room-private.

#include <cstdint>
#include <memory>
#include <string>

#include "control/rest/api.h"
#include "control/rest/seats.h"
#include "crypto/digest.h"

namespace cloister::control {

// Of one dataset at once. Each may wait for its turn on one of the server's workers (apps/cloisterd.cc); some are left.
inline constexpr int kPartsAtOnceMax = 12;

// A file that came in one request has no parts.
std::uint64_t PartCount(const UploadRecord& upload);
// Of part 1 to PartCount().
std::uint64_t PartBytes(const UploadRecord& upload, std::uint64_t part);
// The storage lost what the rows say is there.
Error BytesAreGone();

class PartSink final : public net::BodySink {
 public:
  struct Wanted {
    std::uint64_t part = 0;
    Digest256 digest{};
  };
  // Changes nothing yet. `upload` has such a part. kResourceExhausted beyond kPartsAtOnceMax.
  static Result<std::unique_ptr<PartSink>> Open(const Api& api, UploadRecord upload, const Wanted& wanted);
  ~PartSink() override;
  PartSink(const PartSink&) = delete;
  PartSink& operator=(const PartSink&) = delete;

  Status Write(ByteView piece) override;
  Result<net::Response> Finish() override;

 private:
  PartSink(const Api& api, UploadRecord upload, const Wanted& wanted);
  Status BeginDraft(ByteView piece);
  Status GoOn(ByteView piece);
  Status RequireDraft(std::size_t parts) const;  // so many are there
  Status Place();

  const Api& api_;
  const UploadRecord upload_;
  const Wanted wanted_;
  const std::string draft_;  // of this request alone
  std::unique_ptr<Seats<DatasetId>::Seat> seat_;
  bool known_ = false;  // when it began
  bool begun_ = false;  // the draft
  crypto::Sha256Stream digest_;
  std::uint64_t written_ = 0;
};

}  // namespace cloister::control
