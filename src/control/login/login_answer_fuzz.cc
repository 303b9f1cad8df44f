// Whatever a browser brings back, the code that goes on to the issuer is printable and the state has the length of
// ours.
#include "base/bytes.h"
#include "base/check.h"
#include "control/login/login_answer.h"
#include "net/server/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const auto target = net::ParseTarget("/api/login/callback?" + std::string(AsText({data, size})));
  if (!target) return 0;
  const auto answer = control::ReadLoginAnswer(target->query);
  if (!answer) return 0;
  CLOISTER_CHECK(answer->state.size() == control::kStateChars && answer->code.size() <= control::kCodeCharsMax);
  CLOISTER_CHECK(answer->code.empty() == target->query.contains("error"));
  for (const char c : answer->code) CLOISTER_CHECK(c >= 0x20 && c < 0x7f);
  return 0;
}
