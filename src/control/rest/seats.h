#pragma once

// How many may do something at once, counted by whose it is: event streams by user, parts on their way in by dataset.
// Room-private. Thread-safe; copies count together.
//
//   const Seats<UserId> streams(16);
//   const auto seat = streams.Take(user);   // null when he has all 16; free again when it dies, even after `streams`

#include <map>
#include <memory>
#include <utility>

#include "base/mutex.h"

namespace cloister::control {

template <typename Key>
class Seats {
  struct Taken {
    Mutex mutex;
    std::map<Key, int> count CLOISTER_GUARDED_BY(mutex);
  };

 public:
  class Seat {
   public:
    ~Seat() {
      MutexLock lock(taken_->mutex);
      const auto found = taken_->count.find(key_);
      if (--found->second == 0) taken_->count.erase(found);
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   private:
    friend class Seats;
    Seat(std::shared_ptr<Taken> taken, Key key) : taken_(std::move(taken)), key_(std::move(key)) {}
    const std::shared_ptr<Taken> taken_;
    const Key key_;
  };

  explicit Seats(int per_key_max) : per_key_max_(per_key_max) {}

  std::unique_ptr<Seat> Take(const Key& key) const {
    MutexLock lock(taken_->mutex);
    int& count = taken_->count[key];
    if (count >= per_key_max_) return nullptr;
    ++count;
    return std::unique_ptr<Seat>(new Seat(taken_, key));
  }

 private:
  int per_key_max_;
  std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();
};

}  // namespace cloister::control
