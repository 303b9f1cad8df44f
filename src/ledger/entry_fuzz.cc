// An entry that is read writes itself back, byte by byte, and no state falls over it.
#include "base/check.h"
#include "ledger/replay.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const std::string_view text = AsText({data, size});
  const auto entry = ledger::DecodeEntry(text);
  if (entry) CLOISTER_CHECK(ledger::EncodeEntry(*entry).value() == text);
  ledger::LedgerState state(EnvironmentId::Parse("env_00000000000000000000000001").value());
  const bool applied = state.Apply(text).has_value();
  CLOISTER_CHECK(state.size() == (applied ? 1 : 0));
  CLOISTER_CHECK(!applied || entry->As<ledger::BootEntry>() != nullptr);  // nothing else comes first
  return 0;
}
