#pragma once

// TLS 1.3 between the connection loop and a socket: moves bytes between crypto's engine and the stream below, and holds
// no more of them than one piece each way. Room-private.

#include <memory>

#include "crypto/tls_engine.h"
#include "net/server/stream.h"

namespace cloister::net {

class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> below, std::shared_ptr<const crypto::TlsIdentity> identity);

  // The handshake. A client that speaks plain HTTP here is told so in plain HTTP.
  boost::asio::awaitable<Status> Open() override;
  boost::asio::awaitable<std::optional<std::size_t>> ReadSome(std::span<std::uint8_t> into) override;
  boost::asio::awaitable<std::optional<std::size_t>> WriteSome(ByteView bytes) override;
  void Cancel() override { below_->Cancel(); }
  boost::asio::awaitable<void> ShutdownSend() override;
  void Close() override { below_->Close(); }

 private:
  // More bytes from below for the engine; false: none will come now.
  boost::asio::awaitable<bool> Fetch();
  // Everything that the engine wants sent; false: nobody takes it.
  boost::asio::awaitable<bool> Flush();
  boost::asio::awaitable<bool> PutAll(ByteView bytes);
  boost::asio::awaitable<void> Linger();

  std::unique_ptr<Stream> below_;
  crypto::TlsEngine engine_;
  Bytes input_;
  bool broken_ = false;  // a write broke off
};

}  // namespace cloister::net
