#pragma once

// Server-sent events (the WHATWG's HTML standard, section 9.2), as they arrive in pieces of any size.
//
//   id: 42
//   event: query
//   data: {"id":"qry_...","status":"approved"}
//
// An empty line ends an event; lines that begin with a colon are comments that keep the connection open.

#include <functional>
#include <string>
#include <string_view>

#include "net/client/http.h"

namespace cloister::cli {

inline constexpr std::size_t kEventBytesMax = 1 << 20;               // one event
inline constexpr std::uint64_t kStreamBytesMax = std::uint64_t{1} << 32;  // one connection

struct ServerEvent {
  std::string type = "message";
  std::string data;
};

// Not thread-safe. The handler is called while a piece is written.
class EventStream final : public net::DownloadBody {
 public:
  explicit EventStream(std::function<void(const ServerEvent&)> handler) : handler_(std::move(handler)) {}
  // A new connection: half an event is forgotten, the last id is not.
  Status Restart() override;
  // kResourceExhausted for an event longer than kEventBytesMax.
  Status Write(ByteView piece) override;
  // Whether a comment or a field came over this connection: what speaks at the other end is an event stream.
  bool heard() const { return heard_; }
  // Of the last event, if only one without data; what Last-Event-ID asks to go on from.
  const std::string& last_id() const { return last_id_; }

 private:
  void Line(std::string_view line);
  void Field(std::string_view name, std::string_view value);

  std::function<void(const ServerEvent&)> handler_;
  bool heard_ = false;
  std::string line_;
  bool after_return_ = false;  // a CR ended a line; an LF that follows belongs to it
  ServerEvent event_;
  bool has_data_ = false;
  std::string id_;
  std::string last_id_;
};

}  // namespace cloister::cli
