// What is read as a report or a receipt says the same when it is written and read again.
#include "agreement/enclave_documents.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const auto json = codec::ParseJson(AsText({data, size}));
  if (!json) return 0;
  if (const auto report = agreement::DecodeReport(*json)) {
    const auto again = agreement::DecodeReport(agreement::EncodeReport(*report));
    CLOISTER_CHECK(again.has_value() && *again == *report);
  }
  if (const auto receipt = agreement::DecodeReceipt(*json)) {
    const auto again = agreement::DecodeReceipt(agreement::EncodeReceipt(*receipt));
    CLOISTER_CHECK(again.has_value() && *again == *receipt);
  }
  return 0;
}
