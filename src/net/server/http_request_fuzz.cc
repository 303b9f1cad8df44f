// A request read at once and the same bytes read a few at a time are the same request or the same refusal, and a body
// never exceeds its bound. What ends in the middle of a body may be refused already or still be waited for. The first
// byte of the input is the size of the pieces.
#include <algorithm>

#include "base/check.h"
#include "net/server/request_parser.h"

namespace {

using namespace cloister;
using namespace cloister::net;

constexpr HttpLimits kLimits{.head_bytes_max = 1024, .header_count_max = 16, .body_bytes_max = 256};

std::string Read(ByteView all, std::size_t step) {
  RequestParser parser(kLimits);
  std::optional<RequestParser::Head> head;
  std::size_t have = 0;
  while (!head) {
    have = std::min(all.size(), have + step);
    auto put = parser.PutHead(all.first(have));
    if (const auto* refusal = std::get_if<Refusal>(&put)) return "refused " + std::to_string(refusal->status);
    if (auto* done = std::get_if<RequestParser::Head>(&put)) head = std::move(*done);
    if (!head && have == all.size()) return "unfinished";
  }
  std::size_t at = head->consumed;
  std::string body;
  Bytes piece(64);
  for (;;) {
    auto put = parser.PutBody(all.subspan(at, have - at), piece);
    if (const auto* refusal = std::get_if<Refusal>(&put)) return "refused " + std::to_string(refusal->status);
    const auto& moved = std::get<RequestParser::Piece>(put);
    CLOISTER_CHECK(moved.consumed <= have - at && moved.produced <= piece.size());
    at += moved.consumed;
    body += AsText(ByteView(piece).first(moved.produced));
    CLOISTER_CHECK(body.size() <= kLimits.body_bytes_max);
    if (moved.done) break;
    if (moved.consumed > 0 || moved.produced > 0) continue;
    if (have == all.size()) return "unfinished";
    have = std::min(all.size(), have + step);
  }
  return head->head.method + " " + head->head.target.path + " " + body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView all(data + 1, size - 1);
  const std::string whole = Read(all, std::max<std::size_t>(all.size(), 1));
  const std::string pieces = Read(all, 1 + data[0] % 32);
  const auto cut_off = [](const std::string& one, const std::string& other) {
    return one == "unfinished" && other.starts_with("refused");
  };
  CLOISTER_CHECK(whole == pieces || cut_off(whole, pieces) || cut_off(pieces, whole));
  return 0;
}
