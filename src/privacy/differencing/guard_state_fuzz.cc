// Foreign bytes as the guard's history. What is read is spelled as it was, and goes on judging.

#include "base/check.h"
#include "privacy/differencing/differencing_guard.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const ByteView bytes(data, size);
  auto guard = privacy::DifferencingGuard::Decode(bytes);
  if (!guard) return 0;
  CLOISTER_CHECK(guard->Encode() == ToBytes(bytes));
  const privacy::GuardCell cell{
      .measures = {"cost"},
      .sets = {{.dataset = "patients", .all = 100, .k = 2, .units = privacy::UnitSet::Of({1, 2, 3})}}};
  const auto verdict = guard->Release({cell});
  CLOISTER_CHECK(!verdict || verdict->size() == 1);
  return 0;
}
