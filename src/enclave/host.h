#pragma once

// Port: what the enclave asks of the control plane (docs/formats/channel.md). The host is trusted for availability
// only: whatever it answers is checked against a hash, a seal or a signature before anything believes it.

#include <cstdint>
#include <map>
#include <string>

#include "agreement/object_ref.h"
#include "base/bytes.h"
#include "base/result.h"
#include "ledger/log_store.h"

namespace cloister::enclave {

struct ObjectRange {
  std::string dataset;
  agreement::SealedObjectRef object;  // which of the dataset's
  std::uint64_t offset = 0;
  std::size_t length = 0;  // at most net::kFrameBodyBytesMax
};

class Host : public ledger::LogStore {
 public:
  // Fewer bytes than asked for only at the object's end.
  virtual Result<Bytes> ReadObject(const ObjectRange& range) = 0;
  // Pieces of the sealed result of one query, in order from offset 0, which starts it afresh. The host keeps them apart
  // until an append hands over the receipt that covers them.
  virtual Status PutResult(const std::string& query_id, std::uint64_t offset, ByteView piece) = 0;
};

// Ships beside the port. Tests change its members to play a hostile host.
class MemoryHost final : public Host {
 public:
  MemoryHost() = default;
  explicit MemoryHost(ledger::InMemoryLogStore::Contents contents) : log(std::move(contents)) {}

  Status Append(const ledger::LogAppend& append) override { return log.Append(append); }
  Result<std::vector<std::string>> Read(std::uint64_t from, std::uint64_t count) override {
    return log.Read(from, count);
  }
  Result<Bytes> ReadObject(const ObjectRange& range) override;
  Status PutResult(const std::string& query_id, std::uint64_t offset, ByteView piece) override;

  ledger::InMemoryLogStore log;
  std::map<std::string, Bytes> objects;  // by dataset id
  std::map<std::string, Bytes> results;  // by query id
};

}  // namespace cloister::enclave
