#include "sealing/age.h"

#include "base/check.h"
#include "sealing/age_armor.h"
#include "sealing/open_reader.h"

namespace cloister::sealing {
namespace {

AgeOutcome OpenBinary(ByteView file, const AgeAttempt& attempt, ByteSink& plaintext) {
  MemorySource source(file);
  AgeVerdict refused_as = AgeVerdict::kHeaderFailure;
  auto reader = AgeReader::Start(
      {.source = source, .identities = attempt.identities, .passphrases = attempt.passphrases}, refused_as);
  if (!reader) return {refused_as, reader.error().public_message};
  for (bool more = true; more;) {
    auto piece = reader->Next();
    if (!piece) return {AgeVerdict::kPayloadFailure, piece.error().public_message};
    if (auto written = plaintext.Write(*piece); !written) {
      return {AgeVerdict::kPayloadFailure, written.error().public_message};
    }
    more = !piece->empty();
  }
  return {AgeVerdict::kSuccess, {}};
}

}  // namespace

std::string_view AgeVerdictName(AgeVerdict verdict) {
  switch (verdict) {
    case AgeVerdict::kArmorFailure: return "armor failure";
    case AgeVerdict::kHeaderFailure: return "header failure";
    case AgeVerdict::kNoMatch: return "no match";
    case AgeVerdict::kHmacFailure: return "HMAC failure";
    case AgeVerdict::kPayloadFailure: return "payload failure";
    case AgeVerdict::kSuccess: return "success";
  }
  internal::CheckFailed(__FILE__, __LINE__, "an AgeVerdict outside its enumeration");
}

AgeOutcome TryOpenAge(ByteView file, const AgeAttempt& attempt, ByteSink& plaintext) {
  if (!attempt.armored) return OpenBinary(file, attempt, plaintext);
  auto binary = DecodeAgeArmor(file);
  if (!binary) return {AgeVerdict::kArmorFailure, binary.error().public_message};
  return OpenBinary(*binary, attempt, plaintext);
}

}  // namespace cloister::sealing
