#pragma once

// Leaves the event loop for a worker and comes back with what it made. Room-private.

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "net/server/worker_pool.h"

namespace cloister::net {

enum class PoolDoor { kNew, kContinuation };

// Absent when the pool is at its bound (kNew only) or stops. The caller's frame stays alive until then, so
// `job` may refer to it.
template <typename T>
boost::asio::awaitable<std::optional<T>> OnPool(WorkerPool& pool, PoolDoor door, std::function<T()> job) {
  namespace asio = boost::asio;
  auto value = std::make_shared<std::optional<T>>();
  auto executor = co_await asio::this_coro::executor;
  auto start = [&pool, door, value, executor, &job](auto handler) {
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    std::function<void()> work = [value, executor, resume, run = std::move(job)]() mutable {
      *value = run();
      run = nullptr;
      asio::post(executor, [resume = std::move(resume)] { (*resume)(); });
    };
    const bool taken =
        door == PoolDoor::kNew ? pool.TrySubmit(std::move(work)) : pool.SubmitContinuation(std::move(work));
    if (!taken) asio::post(executor, [resume = std::move(resume)] { (*resume)(); });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable);
  co_return std::move(*value);
}

}  // namespace cloister::net
