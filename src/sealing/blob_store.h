#pragma once

// Port: where sealed files lie. Opaque bytes under names that the server makes; what they must be, manifests
// and receipts say, so a store that changes or loses them is found out by whoever reads.
//
// A draft begins with what is written at its offset 0 and becomes a blob whole or not at all. One that went while it
// was written does not come back: whoever writes on is told.
// Thread-safe. Errors: kNotFound, kUnavailable (disk full), kFailedPrecondition (a draft of another size),
// kInvalidArgument (a name that is not [a-z0-9_]{1,100}).

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/result.h"

namespace cloister::sealing {

inline constexpr std::size_t kBlobNameBytesMax = 100;

// One draft that becomes a part of another.
struct DraftMove {
  std::string_view from;
  std::string_view into;
  std::uint64_t offset = 0;  // in `into`, of its first byte
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;
  // kNotFound behind offset 0: there is no such draft, or not any more.
  virtual Status WriteDraft(std::string_view name, std::uint64_t offset, ByteView bytes) = 0;
  // What a draft holds now: for checks before it is published. Fewer bytes than asked for only at its end.
  virtual Result<Bytes> ReadDraft(std::string_view name, std::uint64_t offset, std::size_t length) = 0;
  // Durable when it returns, if the draft has exactly `size_bytes`.
  virtual Status Publish(std::string_view name, std::uint64_t size_bytes) = 0;
  // The same of a blob that is there already, whose Publish() nobody lived to see done.
  virtual Status Settle(std::string_view name, std::uint64_t size_bytes) = 0;
  // All of `from` stands in `into`, durable, when it returns, and `from` is gone. After an Error, or a death in the
  // middle, nobody may count on what stands at that place. kNotFound: there is no such draft.
  virtual Status MoveDraft(const DraftMove& move) = 0;
  virtual Status DiscardDraft(std::string_view name) = 0;     // absent is fine
  virtual Status DiscardDrafts(std::string_view prefix) = 0;  // each whose name begins so; none is fine
  virtual Status Remove(std::string_view name) = 0;           // a blob; absent is fine
  // Fewer bytes than asked for only at the end.
  virtual Result<Bytes> Read(std::string_view name, std::uint64_t offset, std::size_t length) = 0;
};

// The fake: blobs in memory.
class InMemoryBlobStore final : public BlobStore {
 public:
  Status WriteDraft(std::string_view name, std::uint64_t offset, ByteView bytes) override;
  Result<Bytes> ReadDraft(std::string_view name, std::uint64_t offset, std::size_t length) override;
  Status Publish(std::string_view name, std::uint64_t size_bytes) override;
  Status Settle(std::string_view name, std::uint64_t size_bytes) override;
  Status MoveDraft(const DraftMove& move) override;
  Status DiscardDraft(std::string_view name) override;
  Status DiscardDrafts(std::string_view prefix) override;
  Status Remove(std::string_view name) override;
  Result<Bytes> Read(std::string_view name, std::uint64_t offset, std::size_t length) override;

 private:
  using Blobs = std::map<std::string, Bytes, std::less<>>;
  void Put(std::string_view name, std::uint64_t offset, ByteView bytes) CLOISTER_REQUIRES(mutex_);
  static Result<Bytes> ReadFrom(const Blobs& blobs, std::string_view name, std::uint64_t offset, std::size_t length);

  Mutex mutex_;
  Blobs drafts_ CLOISTER_GUARDED_BY(mutex_);
  Blobs blobs_ CLOISTER_GUARDED_BY(mutex_);
};

}  // namespace cloister::sealing
