// Whatever body comes with an error, it becomes an Error with words in it.
#include "base/check.h"
#include "net/client/problem.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const net::HttpAnswer answer{.status = size > 0 ? 300 + data[0] % 300 : 500,
                               .body = std::string(AsText({data, size}))};
  CLOISTER_CHECK(!net::ProblemError(answer).public_message.empty());
  CLOISTER_CHECK(net::ProblemJson(answer).is_object());
  return 0;
}
