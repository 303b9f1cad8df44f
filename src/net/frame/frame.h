#pragma once

// One frame of the channel between control plane and enclave (docs/formats/channel.md):
//
//   length(4, big-endian, of what follows) kind(1) id(8) json_length(4) json body
//
// Pure functions on bytes. Whatever breaks a rule is an error that closes the channel: there is no resynchronising.

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::net {

inline constexpr std::size_t kFrameBytesMax = 2 << 20;  // after the length field
inline constexpr std::size_t kFrameBodyBytesMax = 1 << 20;
inline constexpr std::size_t kFrameLengthBytes = 4;

enum class FrameKind : std::uint8_t { kRequest = 1, kAnswer = 2, kFailure = 3 };

struct Frame {
  FrameKind kind = FrameKind::kRequest;
  std::uint64_t id = 0;
  codec::JsonObject head;
  Bytes body;
};

// kInvalidArgument if head and body do not fit a frame.
Result<Bytes> EncodeFrame(const Frame& frame);

// The length that the first kFrameLengthBytes announce; kInvalidArgument if out of bounds.
Result<std::size_t> DecodeFrameLength(ByteView prefix);
// What follows the length, whole.
Result<Frame> DecodeFrame(ByteView payload);

}  // namespace cloister::net
