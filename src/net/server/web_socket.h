#pragma once

// Frames of RFC 6455 section 5, as a server needs them that speaks and hardly listens: it sends whole texts, answers
// pings and closes, and takes small messages without reading them. No extensions. Pure functions of bytes.
//
//   ServerFrame(WebSocketOpcode::kText, "hi")       -> 81 02 'h' 'i'
//   ReadClientFrame(81 82 m1 m2 m3 m4 x y)          -> ClientFrame{kText, "..", consumed 8}

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"

namespace cloister::net {

enum class WebSocketOpcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa,
};

// RFC 6455 section 7.4.1.
enum class CloseCode : std::uint16_t { kGoingAway = 1001, kProtocolError = 1002, kNotUtf8 = 1007, kTooBig = 1009 };

inline constexpr std::size_t kClientFrameBytesMax = 1024;  // and of a whole message: nobody reads it
inline constexpr std::size_t kControlFrameBytesMax = 125;  // RFC 6455 section 5.5

struct ClientFrame {
  WebSocketOpcode opcode = WebSocketOpcode::kText;
  bool final = true;         // the last of its message
  std::string payload;       // unmasked
  std::size_t consumed = 0;  // bytes of the input
};
struct NeedMore {};

// The first frame of `bytes`; NeedMore while it is not whole; the code to close with where it breaks a rule.
std::variant<NeedMore, ClientFrame, CloseCode> ReadClientFrame(ByteView bytes);

// The rules between frames (sections 5.4 and 8.1): a message is begun once, goes on in continuations and ends; a text
// is UTF-8 when it is whole.
class ClientMessages {
 public:
  // Absent: go on. Else the code to close with. Control frames may come in between and change nothing.
  std::optional<CloseCode> Take(const ClientFrame& frame);

 private:
  std::optional<WebSocketOpcode> open_;
  std::string payload_;  // of the open message
};

// A whole, unmasked frame.
std::string ServerFrame(WebSocketOpcode opcode, std::string_view payload);
std::string CloseFrame(CloseCode code);

}  // namespace cloister::net
