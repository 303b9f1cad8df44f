#pragma once

// One part of an upload on its way in. It arrives in a draft of its own and becomes the part once it is whole and has
// the announced digest; so whatever else comes, at once or instead, a part is what its digest says or is not there:
//
//   the row of other bytes goes -> the bytes move into the upload's draft -> the row of these bytes comes
//
// A part that is there already with that digest stays as it is: whatever comes, and however far, it is not written
// over. Of two that are sent at once the one that is whole last stands. Room-private.

#include <cstdint>
#include <memory>
#include <string>

#include "control/rest/api.h"
#include "crypto/digest.h"

namespace cloister::control {

// A file that came in one request has no parts.
std::uint64_t PartCount(const UploadRecord& upload);
// Of part 1 to PartCount().
std::uint64_t PartBytes(const UploadRecord& upload, std::uint64_t part);

class PartSink final : public net::BodySink {
 public:
  struct Wanted {
    std::uint64_t part = 0;
    Digest256 digest{};
  };
  // Changes nothing yet. `upload` has such a part.
  static Result<std::unique_ptr<PartSink>> Open(const Api& api, UploadRecord upload, const Wanted& wanted);
  ~PartSink() override;
  PartSink(const PartSink&) = delete;
  PartSink& operator=(const PartSink&) = delete;

  Status Write(ByteView piece) override;
  Result<net::Response> Finish() override;

 private:
  PartSink(const Api& api, UploadRecord upload, const Wanted& wanted);
  Status Place();

  const Api& api_;
  const UploadRecord upload_;
  const Wanted wanted_;
  const std::string draft_;  // of this request alone
  bool known_ = false;       // when it began
  crypto::Sha256Stream digest_;
  std::uint64_t written_ = 0;
};

}  // namespace cloister::control
