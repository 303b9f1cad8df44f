#pragma once

// One whole age file that lies in memory, opened with whatever keys there are, and a verdict in the words of
// the public age test kit (C2SP/CCTV age/README.md). For tools, tests and the vectors program. What opens
// datasets and results is open_reader.h, which also knows which object it expects.
//
//   MemorySink plaintext(1 << 25);
//   AgeOutcome outcome = TryOpenAge(file, {.identities = identities, .armored = false}, plaintext);
//   // outcome.verdict == AgeVerdict::kSuccess; plaintext.bytes() is the file's content

#include <span>
#include <string>
#include <string_view>

#include "base/byte_stream.h"
#include "sealing/age_identity.h"

namespace cloister::sealing {

// How far reading came: each value presupposes that everything above it was in order, success that all was.
enum class AgeVerdict {
  kArmorFailure,    // not the strict PEM that the caller announced
  kHeaderFailure,   // no age v1 header, a malformed stanza of a type we know, or no payload nonce behind it
  kNoMatch,         // no stanza opens with any of the keys
  kHmacFailure,     // a file key came out, but the header is not the one it was made with
  kPayloadFailure,  // a chunk is changed, missing, too many, or the sink refused
  kSuccess,
};

// "header failure", "HMAC failure", "no match", "payload failure", "armor failure", "success".
std::string_view AgeVerdictName(AgeVerdict verdict);

// What to try. The keys must outlive the call.
struct AgeAttempt {
  std::span<const AgeIdentity> identities = {};
  std::span<const std::string> passphrases = {};
  bool armored = false;  // the file is the ASCII form; nothing else is accepted then
};

struct AgeOutcome {
  AgeVerdict verdict = AgeVerdict::kHeaderFailure;
  std::string why;  // one sentence; empty on success. Holds no data and no key.
};

// Writes each chunk to `plaintext` as soon as it is authenticated. With kPayloadFailure the sink therefore
// holds what came before the damage, as the test kit wants it: whoever needs all or nothing looks at the
// verdict first.
AgeOutcome TryOpenAge(ByteView file, const AgeAttempt& attempt, ByteSink& plaintext);

}  // namespace cloister::sealing
