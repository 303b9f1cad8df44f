#pragma once

// The host's end of the channel: what the enclave may ask of the control plane (docs/formats/channel.md). It
// writes what it is handed, reads what is stored, and decides nothing.
//
// Result bytes are a draft until the append of their release entry hands over the receipt. Then, in this order: the
// bytes become a durable blob, and one transaction stores the result's row with its receipt and the entry. A crash
// before the transaction leaves a blob that nothing names and the next run replaces; after it nothing is missing.
// Thread-safe.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/mutex.h"
#include "base/result.h"
#include "control/store/store.h"
#include "crypto/digest.h"
#include "ledger/log_store.h"
#include "net/frame/channel.h"
#include "sealing/blob_store.h"

namespace cloister::control {

inline constexpr std::uint64_t kResultBytesMax = std::uint64_t{300} << 20;

class HostDesk {
 public:
  // Called after an append is durable, before the enclave hears of it.
  using Appended = std::function<void(const ledger::LogAppend&)>;
  struct Parts {
    EnvironmentId environment;
    Store& store;
    sealing::BlobStore& blobs;
    Appended appended;
  };
  explicit HostDesk(Parts parts) : parts_(std::move(parts)) {}

  Result<net::ChannelAnswer> Handle(const net::ChannelRequest& request);

  // Around one execution: only the query named here may put a result, which will be stored as `result`.
  Status ExpectResult(const QueryId& query, const ResultId& result) CLOISTER_EXCLUDES(mutex_);
  // Nothing more is taken; bytes that no receipt came for are discarded.
  void StopExpecting() CLOISTER_EXCLUDES(mutex_);

 private:
  Result<net::ChannelAnswer> Append(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> ReadEntries(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> ReadObject(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> PutResult(const net::ChannelRequest& request) CLOISTER_EXCLUDES(mutex_);

  // Publishes the bytes that a release is of. kDataLoss when they are not the ones that it names.
  Result<ResultRecord> KeepBytes(const ledger::LogAppend& append) CLOISTER_EXCLUDES(mutex_);

  struct Receiving {
    QueryId query;
    ResultId result;
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
