#include "net/frame/frame.h"

namespace cloister::net {
namespace {

constexpr std::size_t kHeaderBytes = 1 + 8 + 4;

std::uint64_t ReadBigEndian(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

Result<Bytes> EncodeFrame(const Frame& frame) {
  const std::string json = codec::WriteJson(frame.head);
  if (frame.body.size() > kFrameBodyBytesMax || kHeaderBytes + json.size() + frame.body.size() > kFrameBytesMax) {
    return InvalidArgument("a channel message of more than " + std::to_string(kFrameBytesMax) + " bytes");
  }
  Bytes out;
  out.reserve(kFrameLengthBytes + kHeaderBytes + json.size() + frame.body.size());
  AppendBigEndian32(out, static_cast<std::uint32_t>(kHeaderBytes + json.size() + frame.body.size()));
  out.push_back(static_cast<std::uint8_t>(frame.kind));
  AppendBigEndian64(out, frame.id);
  AppendBigEndian32(out, static_cast<std::uint32_t>(json.size()));
  Append(out, AsBytes(json));
  Append(out, frame.body);
  return out;
}

Result<std::size_t> DecodeFrameLength(ByteView prefix) {
  if (prefix.size() != kFrameLengthBytes) return InvalidArgument("a frame without its length");
  const std::uint64_t length = ReadBigEndian(prefix);
  if (length < kHeaderBytes || length > kFrameBytesMax) return InvalidArgument("a frame length out of bounds");
  return static_cast<std::size_t>(length);
}

Result<Frame> DecodeFrame(ByteView payload) {
  if (payload.size() < kHeaderBytes || payload.size() > kFrameBytesMax) {
    return InvalidArgument("a frame length out of bounds");
  }
  Frame frame;
  if (payload[0] < 1 || payload[0] > 3) return InvalidArgument("a frame of unknown kind");
  frame.kind = static_cast<FrameKind>(payload[0]);
  frame.id = ReadBigEndian(payload.subspan(1, 8));
  const std::uint64_t json_length = ReadBigEndian(payload.subspan(9, 4));
  ByteView rest = payload.subspan(kHeaderBytes);
  if (json_length > rest.size()) return InvalidArgument("a frame whose JSON ends behind it");
  const auto length = static_cast<std::size_t>(json_length);
  CLOISTER_ASSIGN(codec::Json json,
                  codec::ParseJson(AsText(rest.first(length)), {.bytes_max = kFrameBytesMax, .depth_max = 64}));
  if (!json.is_object()) return InvalidArgument("a frame whose JSON is not an object");
  frame.head = std::move(json.get_object());
  rest = rest.subspan(length);
  if (rest.size() > kFrameBodyBytesMax) return InvalidArgument("a frame body of more than 1 MiB");
  frame.body = ToBytes(rest);
  return frame;
}

}  // namespace cloister::net
