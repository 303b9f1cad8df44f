#pragma once

// Clients of a server on loopback that send bytes as they like, and what they read off its answers. Room-private.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/descriptor.h"

namespace cloister::net {

inline std::string StatusOf(const std::string& answer) { return answer.size() > 12 ? answer.substr(9, 3) : "closed"; }
inline std::string BodyOf(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

// Takes apart what comes, whatever brings it.
class AnswerReader {
 public:
  virtual ~AnswerReader() = default;

  // Everything until the server closes.
  std::string ReadAll() {
    while (Fetch(received_)) {
    }
    return std::exchange(received_, {});
  }
  // One answer with Content-Length; a part of one where the server closes before it is whole.
  std::string ReadAnswer() {
    for (;;) {
      const std::size_t end = received_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t at = received_.find("content-length: ");
        const std::size_t size = at < end ? std::stoul(received_.substr(at + 16)) : 0;
        if (received_.size() >= end + 4 + size) {
          std::string answer = received_.substr(0, end + 4 + size);
          received_.erase(0, answer.size());
          return answer;
        }
      }
      if (!Fetch(received_)) return std::exchange(received_, {});
    }
  }

 private:
  // Adds what comes next; false: nothing comes any more.
  virtual bool Fetch(std::string& received) = 0;

  std::string received_;
};

// A connected socket; not valid where nobody listens.
inline Descriptor ConnectTo(std::uint16_t port) {
  Descriptor line(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(line.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  return line;
}

inline bool IsListening(std::uint16_t port) { return ConnectTo(port).valid(); }

// A socket alone: bytes as they are. A server that is not there fails the test, and so does one that neither answers
// nor closes for 20 seconds.
class Line final : public AnswerReader {
 public:
  explicit Line(std::uint16_t port) : socket_(ConnectTo(port)) {
    EXPECT_TRUE(socket_.valid()) << "nobody listens at port " << port;
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  // False where the server has closed, as it may upon what it refuses.
  bool Send(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t put = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return true;
  }
  bool Send(std::string_view text) { return Send(AsBytes(text)); }
  // The next piece; absent at the end.
  std::optional<Bytes> Receive() {
    Bytes piece(65536);
    const ssize_t got = recv(socket_.get(), piece.data(), piece.size(), 0);
    EXPECT_FALSE(got < 0 && errno == EAGAIN) << "the server neither answers nor ends it";
    if (got <= 0) return std::nullopt;
    piece.resize(static_cast<std::size_t>(got));
    return piece;
  }
  // Whether the next Receive finds something, an end too, before `patience_ms` are over.
  bool HasNews(int patience_ms) const {
    pollfd wanted{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return poll(&wanted, 1, patience_ms) == 1;
  }

 private:
  bool Fetch(std::string& received) override {
    const auto piece = Receive();
    if (piece) received += AsText(*piece);
    return piece.has_value();
  }

  Descriptor socket_;
};

}  // namespace cloister::net
