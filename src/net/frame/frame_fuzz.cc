// A frame that decodes encodes again to a frame that decodes to the same.
#include "base/check.h"
#include "net/frame/frame.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  auto frame = net::DecodeFrame({data, size});
  if (!frame) return 0;
  auto bytes = net::EncodeFrame(*frame);
  if (!bytes) return 0;  // JSON may grow when it is written out, past the bound
  auto again = net::DecodeFrame(ByteView(*bytes).subspan(net::kFrameLengthBytes));
  CLOISTER_CHECK(again.has_value() && again->id == frame->id && again->body == frame->body);
  return 0;
}
