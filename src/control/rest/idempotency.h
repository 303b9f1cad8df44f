#pragma once

// A write with `Idempotency-Key` is done once (draft-ietf-httpapi-idempotency-key-header-07, except that the field is
// optional, and that PUT and DELETE take it too: both append to the ledger here). The same request again within
// kIdempotencyHours is answered with the first answer, another request under the same key is 422, and one whose first
// is still in work 409. One that is refused with nothing done (4xx but 422) uses up no key. After a crash in the middle
// the work is done again under the ids that the first attempt used, so that what it made is found and not made twice.
// Room-private.

#include <functional>
#include <memory>

#include "control/rest/api.h"
#include "control/store/idempotency_store.h"
#include "crypto/digest.h"

namespace cloister::control {

net::Handler Idempotent(const Api& api, net::Handler inner);

// One request with its key, which is in work from Read() until this dies. For routes whose body is taken while it
// arrives: they know at its end what was asked.
class OnceAsked {
 public:
  // Null without the field. kInvalidArgument for a malformed key, kConflict while the first request with it is in work.
  static Result<std::unique_ptr<OnceAsked>> Read(const Api& api, const net::Request& request);
  ~OnceAsked();
  OnceAsked(const OnceAsked&) = delete;
  OnceAsked& operator=(const OnceAsked&) = delete;

  using Work = std::function<Result<net::Response>(const std::string& note)>;
  // Does the work under the note that it has each time it comes (Caller::note), or answers what it answered before.
  Result<net::Response> Do(const Digest256& body, const Work& work);

 private:
  struct Key {
    UserId user;
    std::string text;
  };
  OnceAsked(const Api& api, Key key, std::string head);

  const Api& api_;
  const Key key_;
  const std::string head_;  // what the request is about
  bool in_work_ = false;
};

// The clock and the bytes that an idempotent request's ids are made of: the same each time it comes.
class RequestIds {
 public:
  RequestIds(const Api& api, const net::Request& request);

  template <typename IdType>
  IdType Make() {
    if (!fixed_) return IdType::New(api_.clock, api_.rng);
    return IdType::New(clock_, rng_);
  }
  // For what must be unguessable too, such as an API key: whoever has not the server's key cannot make it again.
  Rng& rng() { return fixed_ ? static_cast<Rng&>(rng_) : api_.rng; }
  bool repeatable() const { return fixed_; }
  // When the request came first; now, where it comes once.
  Instant began() const { return fixed_ ? clock_.now : api_.clock.Now(); }

 private:
  class FixedClock final : public Clock {
   public:
    Instant Now() const override { return now; }
    std::int64_t MonotonicMs() const override { return now.unix_ms; }
    Instant now;
  };
  // SHA-256 of a seed that nobody outside can guess, and a counter.
  class SeededRng final : public Rng {
   public:
    void Fill(std::span<std::uint8_t> out) override;
    Bytes seed;
    std::uint8_t count = 0;
  };

  const Api& api_;
  bool fixed_ = false;
  FixedClock clock_;
  SeededRng rng_;
};

}  // namespace cloister::control
