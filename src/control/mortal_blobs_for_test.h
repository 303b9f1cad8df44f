#pragma once

// Blobs of a host that dies at a counted moment: before or after the effect of its n-th operation. From then on every
// operation fails, as if nobody were there, until Revive(). What had happened stays.

#include <functional>
#include <set>
#include <string>

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

  // What lies around, by its name.
  std::set<std::string> drafts() const {
    MutexLock lock(mutex_);
    return drafts_;
  }
  std::set<std::string> published() const {
    MutexLock lock(mutex_);
    return published_;
  }

  Status WriteDraft(std::string_view name, std::uint64_t offset, ByteView bytes) override {
    return Live([&]() CLOISTER_REQUIRES(mutex_) {
      const Status written = blobs_.WriteDraft(name, offset, bytes);
      if (written) drafts_.emplace(name);
      return written;
    });
  }
  Result<Bytes> ReadDraft(std::string_view name, std::uint64_t offset, std::size_t length) override {
    return Live([&] { return blobs_.ReadDraft(name, offset, length); });
  }
  Status Publish(std::string_view name, std::uint64_t size_bytes) override {
    return Live([&]() CLOISTER_REQUIRES(mutex_) {
      Status published = blobs_.Publish(name, size_bytes);
      if (published && drafts_.erase(std::string(name)) > 0) published_.emplace(name);
      return published;
    });
  }
  Status Settle(std::string_view name, std::uint64_t size_bytes) override {
    return Live([&] { return blobs_.Settle(name, size_bytes); });
  }
  Status Remove(std::string_view name) override {
    return Live([&]() CLOISTER_REQUIRES(mutex_) {
      published_.erase(std::string(name));
      return blobs_.Remove(name);
    });
  }
  Status MoveDraft(const sealing::DraftMove& move) override {
    return Live([&]() CLOISTER_REQUIRES(mutex_) {
      const Status moved = blobs_.MoveDraft(move);
      if (moved && drafts_.erase(std::string(move.from)) > 0) drafts_.emplace(move.into);
      return moved;
    });
  }
  Status DiscardDraft(std::string_view name) override {
    return Live([&]() CLOISTER_REQUIRES(mutex_) {
      drafts_.erase(std::string(name));
      return blobs_.DiscardDraft(name);
    });
  }
  Status DiscardDrafts(std::string_view prefix) override {
    return Live([&]() CLOISTER_REQUIRES(mutex_) {
      std::erase_if(drafts_, [&](const std::string& name) { return name.starts_with(prefix); });
      return blobs_.DiscardDrafts(prefix);
    });
  }
  // Before each read, on whichever thread it comes; set before anybody reads.
  std::function<void()> before_read;

  Result<Bytes> Read(std::string_view name, std::uint64_t offset, std::size_t length) override {
    if (before_read) before_read();
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
  std::set<std::string> drafts_ CLOISTER_GUARDED_BY(mutex_);
  std::set<std::string> published_ CLOISTER_GUARDED_BY(mutex_);
  mutable Mutex mutex_;
  int left_ CLOISTER_GUARDED_BY(mutex_) = 0;
  Moment moment_ CLOISTER_GUARDED_BY(mutex_) = Moment::kBefore;
  bool dead_ CLOISTER_GUARDED_BY(mutex_) = false;
};

}  // namespace cloister::control
