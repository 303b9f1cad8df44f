#pragma once

// A byte stream as the connection loop sees it. Virtual, so that the loop is compiled once for plain sockets
// and for what may lie above them (TLS); Beast's own way of one instantiation per stream type costs a minute
// of compile time. Used on one thread. Room-private: it brings Asio along.

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::net {

class Stream {
 public:
  virtual ~Stream() = default;
  // Before everything else. An Error: the peer is none for us, and has been told so where it could be.
  virtual boost::asio::awaitable<Status> Open() = 0;
  // At least one byte, or absent: the peer ended or the wait was cancelled.
  virtual boost::asio::awaitable<std::optional<std::size_t>> ReadSome(std::span<std::uint8_t> into) = 0;
  // At least one byte was taken, or absent: nobody reads any more, or the wait was cancelled.
  virtual boost::asio::awaitable<std::optional<std::size_t>> WriteSome(ByteView bytes) = 0;
  // Ends a read or write that waits now.
  virtual void Cancel() = 0;
  // Tells the peer that nothing more comes; reading goes on. Ends early when the wait is cancelled.
  virtual boost::asio::awaitable<void> ShutdownSend() = 0;
  virtual void Close() = 0;
};

}  // namespace cloister::net
