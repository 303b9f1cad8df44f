#pragma once

// Blobs of a host that dies at a counted moment: before or after the effect of its n-th operation. From then on every
// operation fails, as if nobody were there, until Revive(). What had happened stays.

#include "base/mutex.h"
#include "sealing/blob_store.h"

namespace cloister::control {

class MortalBlobStore final : public sealing::BlobStore {
 public:
  enum class Moment { kBefore, kAfter };

  // The `operation`-th from now, counted from 1.
  void DieAt(int operation, Moment moment) {
    MutexLock lock(mutex_);
    left_ = operation;
    moment_ = moment;
  }
  void Revive() {
    MutexLock lock(mutex_);
    left_ = 0;
    dead_ = false;
  }
  bool dead() const {
    MutexLock lock(mutex_);
    return dead_;
  }

  Status WriteDraft(std::string_view name, std::uint64_t offset, ByteView bytes) override {
    return Live([&] { return blobs_.WriteDraft(name, offset, bytes); });
  }
  Result<Bytes> ReadDraft(std::string_view name, std::uint64_t offset, std::size_t length) override {
    return Live([&] { return blobs_.ReadDraft(name, offset, length); });
  }
  Status Publish(std::string_view name, std::uint64_t size_bytes) override {
    return Live([&] { return blobs_.Publish(name, size_bytes); });
  }
  Status Remove(std::string_view name) override {
    return Live([&] { return blobs_.Remove(name); });
  }
  Status DiscardDraft(std::string_view name) override {
    return Live([&] { return blobs_.DiscardDraft(name); });
  }
  Result<Bytes> Read(std::string_view name, std::uint64_t offset, std::size_t length) override {
    return Live([&] { return blobs_.Read(name, offset, length); });
  }

 private:
  template <typename Operation>
  auto Live(Operation operation) -> decltype(operation()) {
    MutexLock lock(mutex_);
    const bool last = left_ > 0 && --left_ == 0;
    if (dead_ || (last && moment_ == Moment::kBefore)) {
      dead_ = true;
      return Unavailable("this host is dead");
    }
    auto answer = operation();
    if (!last) return answer;
    dead_ = true;
    return Unavailable("this host died");
  }

  sealing::InMemoryBlobStore blobs_;
  mutable Mutex mutex_;
  int left_ CLOISTER_GUARDED_BY(mutex_) = 0;
  Moment moment_ CLOISTER_GUARDED_BY(mutex_) = Moment::kBefore;
  bool dead_ CLOISTER_GUARDED_BY(mutex_) = false;
};

}  // namespace cloister::control
