#pragma once

// A server of a few lines on the loopback interface, for tests of what clients really send. Room-private.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/descriptor.h"

namespace cloister::net {

// Accepts one connection, reads a request, writes `answer` and closes. Without an answer it keeps the connection until
// the client goes.
class OneShotServer {
 public:
  struct Script {
    std::string answer;
    std::string until = "\r\n\r\n";  // what the request ends with
  };
  explicit OneShotServer(Script script) : script_(std::move(script)), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(socket_.get(), 1), 0);
    socklen_t length = sizeof address;
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~OneShotServer() { Stop(); }

  // Without a slash at the end.
  std::string origin(const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_);
  }
  // Waits until whoever came is served; from then on nobody listens.
  void Stop() {
    if (!thread_.joinable()) return;
    shutdown(socket_.get(), SHUT_RDWR);  // wakes a thread to which nobody came
    thread_.join();
    socket_.Close();
  }
  // What came, after Stop(); empty where nobody did.
  const std::string& Request() {
    Stop();
    return request_;
  }

 private:
  void Serve() {
    const Descriptor peer(accept(socket_.get(), nullptr, nullptr));
    if (!peer.valid()) return;
    while (request_.find(script_.until) == std::string::npos && Read(peer.get())) {
    }
    std::string_view rest = script_.answer;
    while (!rest.empty()) {
      const ssize_t count = send(peer.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (count <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    while (script_.answer.empty() && Read(peer.get())) {
    }
  }
  // False when the client has gone.
  bool Read(int peer) {
    char piece[4096];
    const ssize_t count = read(peer, piece, sizeof piece);
    if (count > 0) request_.append(piece, static_cast<std::size_t>(count));
    return count > 0;
  }

  const Script script_;
  Descriptor socket_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::thread thread_;
};

}  // namespace cloister::net
