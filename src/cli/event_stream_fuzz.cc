// Whatever a server streams, and in whatever pieces, the events are the same and none is longer than its bound.
#include "base/check.h"
#include "cli/event_stream.h"

namespace {

std::string Heard(cloister::ByteView bytes, std::size_t piece) {
  std::string text;
  cloister::cli::EventStream stream([&](const cloister::cli::ServerEvent& event) {
    CLOISTER_CHECK(event.data.size() <= cloister::cli::kEventBytesMax);
    text += event.type + '\x1f' + event.data + '\x1e';
  });
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (!stream.Write(bytes.subspan(at, std::min(piece, bytes.size() - at)))) break;
  }
  return text + stream.last_id();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const cloister::ByteView bytes(data, size);
  CLOISTER_CHECK(Heard(bytes, 1) == Heard(bytes, size + 1));
  return 0;
}
