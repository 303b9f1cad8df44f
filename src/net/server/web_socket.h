#pragma once

// Frames of RFC 6455 section 5, as a server needs them that speaks and hardly listens: it sends whole texts, answers
// pings and closes, and takes small messages without reading them. No extensions. Pure functions of bytes.
//
//   ServerFrame(WebSocketOpcode::kText, "hi")       -> 81 02 'h' 'i'
//   ReadClientFrame(81 82 m1 m2 m3 m4 x y)          -> ClientFrame{kText, "..", consumed 8}

#include <cstdint>
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
enum class CloseCode : std::uint16_t { kGoingAway = 1001, kProtocolError = 1002, kTooBig = 1009 };

inline constexpr std::size_t kClientFrameBytesMax = 1024;  // of a message that nobody reads
inline constexpr std::size_t kControlFrameBytesMax = 125;  // RFC 6455 section 5.5

struct ClientFrame {
  WebSocketOpcode opcode = WebSocketOpcode::kText;
  std::string payload;       // unmasked
  std::size_t consumed = 0;  // bytes of the input
};
struct NeedMore {};

// The first frame of `bytes`; NeedMore while it is not whole; the code to close with where it breaks a rule.
std::variant<NeedMore, ClientFrame, CloseCode> ReadClientFrame(ByteView bytes);

// A whole, unmasked frame.
std::string ServerFrame(WebSocketOpcode opcode, std::string_view payload);
std::string CloseFrame(CloseCode code);

}  // namespace cloister::net
