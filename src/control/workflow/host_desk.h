#pragma once

// The host's end of the channel: what the enclave may ask of the control plane (docs/formats/channel.md). It
// writes what it is handed, reads what is stored, and decides nothing.
//
// Result bytes are a draft until an execution is answered with a receipt. Thread-safe.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/mutex.h"
#include "base/result.h"
#include "cloud/blob_store.h"
#include "control/store/store.h"
#include "crypto/digest.h"
#include "ledger/log_store.h"
#include "net/frame/channel.h"

namespace cloister::control {

inline constexpr std::uint64_t kResultBytesMax = std::uint64_t{300} << 20;

class HostDesk {
 public:
  // Called after an append is durable, before the enclave hears of it.
  using Appended = std::function<void(const ledger::LogAppend&)>;
  struct Parts {
    EnvironmentId environment;
    Store& store;
    cloud::BlobStore& blobs;
    Appended appended;
  };
  explicit HostDesk(Parts parts) : parts_(std::move(parts)) {}

  Result<net::ChannelAnswer> Handle(const net::ChannelRequest& request);

  // Around one execution: only the query named here may put a result.
  Status ExpectResult(const QueryId& query) CLOISTER_EXCLUDES(mutex_);
  struct ReceivedResult {
    std::string draft;  // its name among the blobs
    std::uint64_t size_bytes = 0;
    Digest256 digest{};
  };
  // Nothing more is taken. Absent when nothing came.
  std::optional<ReceivedResult> TakeResult() CLOISTER_EXCLUDES(mutex_);

 private:
  Result<net::ChannelAnswer> Append(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> ReadEntries(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> ReadObject(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> PutResult(const net::ChannelRequest& request) CLOISTER_EXCLUDES(mutex_);

  struct Receiving {
    QueryId query;
    std::uint64_t size_bytes = 0;
    crypto::Sha256Stream digest;
  };
  const Parts parts_;
  Mutex mutex_;
  std::optional<Receiving> receiving_ CLOISTER_GUARDED_BY(mutex_);
};

// "result_qry_..." : the result's name among the blobs.
std::string ResultBlobName(const QueryId& query);

}  // namespace cloister::control
