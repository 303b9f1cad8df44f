// A stranger's file against every way in: binary, armored, with one and two threads, alike to the last byte.
#include "base/check.h"
#include "sealing/age.h"
#include "sealing/open_reader.h"

namespace {

using namespace cloister;
using namespace cloister::sealing;

// The identity of the public test kit; the seeds are our own files for it.
const AgeIdentity& Identity() {
  constexpr std::string_view kText =
      "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
  static const AgeIdentity identity = AgeIdentity::Parse(kText).value().Clone();
  return identity;
}

Bytes ReadAll(ByteView file, int threads, bool& whole) {
  MemorySource source(file);
  Bytes plaintext;
  whole = false;
  auto reader = AgeReader::Start({.source = source, .identities = {&Identity(), 1}, .threads = threads});
  while (reader) {
    auto piece = reader->Next();
    if (!piece) break;
    whole = piece->empty();
    if (whole) break;
    Append(plaintext, *piece);
  }
  return plaintext;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView file(data, size);
  MemorySink plaintext(1 << 24);
  const AgeOutcome outcome = TryOpenAge(file, {.identities = {&Identity(), 1}}, plaintext);
  bool whole = false;
  CLOISTER_CHECK(ReadAll(file, 1, whole) == plaintext.bytes());
  CLOISTER_CHECK(whole == (outcome.verdict == AgeVerdict::kSuccess));
  CLOISTER_CHECK(ReadAll(file, 2, whole) == plaintext.bytes());
  CLOISTER_CHECK(whole == (outcome.verdict == AgeVerdict::kSuccess));
  MemorySink armored(1 << 24);
  (void)TryOpenAge(file, {.identities = {&Identity(), 1}, .armored = true}, armored);
  return 0;
}
