#pragma once

// The Host at the other end of a channel.

#include "enclave/host.h"
#include "net/frame/channel.h"

namespace cloister::enclave {

class ChannelHost final : public Host {
 public:
  // Keeps a reference; the channel outlives it.
  explicit ChannelHost(net::Channel& channel) : channel_(channel) {}

  Status Append(const ledger::LogAppend& append) override;
  Result<std::vector<std::string>> Read(std::uint64_t from, std::uint64_t count) override;
  Result<Bytes> ReadObject(const ObjectRange& range) override;
  Status PutResult(const std::string& query_id, std::uint64_t offset, ByteView piece) override;

 private:
  net::Channel& channel_;
};

}  // namespace cloister::enclave
