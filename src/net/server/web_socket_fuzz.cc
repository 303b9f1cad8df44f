// A frame read at once and the same bytes with more to come are the same frame or the same refusal; what is read never
// exceeds its bound nor the input.
#include "base/check.h"
#include "net/server/web_socket.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  using namespace cloister::net;
  const ByteView all(data, size);
  const auto whole = ReadClientFrame(all);
  if (const auto* frame = std::get_if<ClientFrame>(&whole)) {
    CLOISTER_CHECK(frame->consumed <= size && frame->payload.size() <= kClientFrameBytesMax);
    const auto alone = ReadClientFrame(all.first(frame->consumed));
    CLOISTER_CHECK(std::get<ClientFrame>(alone).payload == frame->payload);
    CLOISTER_CHECK(!std::holds_alternative<ClientFrame>(ReadClientFrame(all.first(frame->consumed - 1))));
  }
  return 0;
}
