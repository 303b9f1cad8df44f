#include "net/server/web_socket.h"

#include "codec/text.h"

namespace cloister::net {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::size_t kMaskBytes = 4;
constexpr std::uint8_t kTwoLengthBytes = 126;
constexpr std::uint8_t kEightLengthBytes = 127;

bool IsKnown(std::uint8_t opcode) { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xa); }
bool IsControl(std::uint8_t opcode) { return (opcode & 0x8) != 0; }

// Section 5.5.1: nothing, or a code that may be sent and a reason in UTF-8.
bool IsClosing(std::string_view payload) {
  if (payload.empty()) return true;
  if (payload.size() < 2) return false;
  const int code = static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]);
  const bool standard = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
  return (standard || (code >= 3000 && code <= 4999)) && codec::IsValidUtf8(payload.substr(2));
}

}  // namespace

std::variant<NeedMore, ClientFrame, CloseCode> ReadClientFrame(ByteView bytes) {
  if (bytes.size() < 2) return NeedMore{};
  const auto opcode = static_cast<std::uint8_t>(bytes[0] & 0x0f);
  const bool final = (bytes[0] & kFinal) != 0;
  // A client masks; reserved bits belong to extensions, and none was agreed on.
  if ((bytes[0] & kReserved) != 0 || !IsKnown(opcode) || (bytes[1] & kMasked) == 0) return CloseCode::kProtocolError;
  std::size_t length = bytes[1] & 0x7f;
  if (IsControl(opcode) && (!final || length > kControlFrameBytesMax)) return CloseCode::kProtocolError;
  std::size_t head = 2;
  if (length == kEightLengthBytes) return CloseCode::kTooBig;
  if (length == kTwoLengthBytes) {
    head += 2;
    if (bytes.size() < head) return NeedMore{};
    length = static_cast<std::size_t>(bytes[2]) << 8 | bytes[3];
    if (length < kTwoLengthBytes) return CloseCode::kProtocolError;  // the shortest form is the only one
  }
  if (length > kClientFrameBytesMax) return CloseCode::kTooBig;
  if (bytes.size() < head + kMaskBytes + length) return NeedMore{};
  ClientFrame frame{.opcode = static_cast<WebSocketOpcode>(opcode), .final = final, .payload = {}, .consumed = 0};
  const ByteView mask = bytes.subspan(head, kMaskBytes);
  const ByteView masked = bytes.subspan(head + kMaskBytes, length);
  for (std::size_t i = 0; i < length; ++i) {
    frame.payload.push_back(static_cast<char>(masked[i] ^ mask[i % kMaskBytes]));
  }
  if (frame.opcode == WebSocketOpcode::kClose && !IsClosing(frame.payload)) return CloseCode::kProtocolError;
  frame.consumed = head + kMaskBytes + length;
  return frame;
}

std::optional<CloseCode> ClientMessages::Take(const ClientFrame& frame) {
  if (IsControl(static_cast<std::uint8_t>(frame.opcode))) return std::nullopt;
  const bool goes_on = frame.opcode == WebSocketOpcode::kContinuation;
  if (goes_on != open_.has_value()) return CloseCode::kProtocolError;
  if (!goes_on) open_ = frame.opcode;
  if (payload_.size() + frame.payload.size() > kClientFrameBytesMax) return CloseCode::kTooBig;
  payload_ += frame.payload;
  if (!frame.final) return std::nullopt;
  if (open_ == WebSocketOpcode::kText && !codec::IsValidUtf8(payload_)) return CloseCode::kNotUtf8;
  open_.reset();
  payload_.clear();
  return std::nullopt;
}

std::string ServerFrame(WebSocketOpcode opcode, std::string_view payload) {
  std::string frame(1, static_cast<char>(kFinal | static_cast<std::uint8_t>(opcode)));
  if (payload.size() < kTwoLengthBytes) {
    frame.push_back(static_cast<char>(payload.size()));
  } else if (payload.size() <= 0xffff) {
    frame.push_back(static_cast<char>(kTwoLengthBytes));
    for (const int shift : {8, 0}) frame.push_back(static_cast<char>(payload.size() >> shift & 0xff));
  } else {
    frame.push_back(static_cast<char>(kEightLengthBytes));
    for (int shift = 56; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(payload.size() >> shift & 0xff));
  }
  return frame.append(payload);
}

std::string CloseFrame(CloseCode code) {
  const auto number = static_cast<std::uint16_t>(code);
  const char bytes[] = {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  return ServerFrame(WebSocketOpcode::kClose, std::string_view(bytes, sizeof bytes));
}

}  // namespace cloister::net
