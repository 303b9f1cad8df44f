// Whatever a token endpoint answers, it is two short texts, a refusal, or nothing; and no word of it is repeated that
// RFC 6749 does not have.
#include "base/bytes.h"
#include "base/check.h"
#include "control/login/token_answer.h"
#include "crypto/token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const std::string body(AsText({data, size}));
  for (const int status : {200, 400, 500}) {
    const auto read = control::ReadTokenAnswer({.status = status, .body = body});
    if (read) {
      CLOISTER_CHECK(status == 200 && read->id_token.size() <= crypto::kTokenBytesMax);
    } else {
      CLOISTER_CHECK(read.error().code == (status == 400 ? Code::kVerificationFailed : Code::kUnavailable));
      CLOISTER_CHECK(read.error().public_message.size() < 100);
    }
  }
  return 0;
}
