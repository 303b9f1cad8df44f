#pragma once

// The entries of an environment's ledger (docs/formats/ledger.md): canonical JSON texts of at most 1 MiB with
// `kind` and `time`, decoded strictly. An entry says what the enclave recorded; whether it was allowed to
// follow is replay.h's question.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agreement/charge.h"
#include "agreement/charter.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/json.h"
#include "crypto/signer.h"

namespace cloister::ledger {

inline constexpr std::size_t kEntryBytesMax = 1 << 20;
inline constexpr std::size_t kReasonsMax = 64;
inline constexpr std::size_t kReasonBytesMax = 1000;
inline constexpr std::size_t kCodeBytesMax = 64;
inline constexpr std::size_t kEndorsementsMax = 16;
inline constexpr std::int64_t kProtocolVersion = 1;

// An enclave started: its keys hold from here to the next boot. Evidence is kept as it came; attestation/
// appraises it (attestation::AppraiseBootEntry over EncodeEntryJson).
struct BootEntry {
  std::int64_t boot = 0;    // 0, 1, 2 ...
  std::string origin = {};  // "generated" in boot 0, "recovered" later
  crypto::Ed25519PublicKey checkpoint_key;
  crypto::Ed25519PublicKey document_key;
  Digest256 charter{};  // digest of the newest charter in force, or of epoch 1 before any is
  Digest256 recipient_commitment{};
  codec::JsonObject evidence = {};
  codec::JsonArray endorsements = {};
  bool operator==(const BootEntry&) const = default;
};

// Epoch 1, or a proposal that comes into force with the last acceptance it needs.
struct CharterEntry {
  agreement::Charter charter;
  Digest256 recipient_commitment{};  // over this charter's participants: what acceptances must name
  bool operator==(const CharterEntry&) const = default;
};

struct LinkEntry {
  std::string jws = {};
  bool operator==(const LinkEntry&) const = default;
};

struct ReportEntry {
  std::string jws = {};
  bool operator==(const ReportEntry&) const = default;
};

// Follows at once upon a link that has no effect.
struct RefusalEntry {
  Digest256 document{};   // digest of the link
  std::string code = {};  // CodeName
  std::vector<std::string> reasons = {};
  bool operator==(const RefusalEntry&) const = default;
};

// Charges are spent from here on, whatever happens to the run.
struct ReservationEntry {
  Digest256 query{};
  std::vector<Digest256> approvals = {};  // digests of the approval links, sorted
  std::vector<agreement::Charge> charges = {};
  bool operator==(const ReservationEntry&) const = default;
};

enum class Outcome { kReleased, kFailed, kCancelled };
std::string_view OutcomeName(Outcome outcome);

inline constexpr std::string_view kFailedCode = "FAILED";  // of every approved query that failed, whatever of

struct ExecutionEntry {
  Digest256 query{};
  Outcome outcome = Outcome::kFailed;
  std::string code = {};  // "OK" when released, "CANCELLED", or kFailedCode
  bool operator==(const ExecutionEntry&) const = default;
};

struct ReleaseEntry {
  Digest256 query{};
  Digest256 receipt{};  // digest of the receipt JWS
  Digest256 result{};   // SHA-256 of the sealed file
  std::optional<Digest256> guard_state = {};
  std::optional<Digest256> answer = {};
  bool operator==(const ReleaseEntry&) const = default;
};

using EntryBody = std::variant<BootEntry, CharterEntry, LinkEntry, ReportEntry, RefusalEntry, ReservationEntry,
                               ExecutionEntry, ReleaseEntry>;

struct Entry {
  Instant time = {};
  EntryBody body;

  template <typename Body>
  const Body* As() const {
    return std::get_if<Body>(&body);
  }
  bool operator==(const Entry&) const = default;
};

// "boot", "charter", ...
std::string_view EntryKind(const EntryBody& body);
// {"code","reasons"}, as whoever sent the link is told.
codec::Json EncodeRefusal(const RefusalEntry& refusal);
codec::Json EncodeEntryJson(const Entry& entry);
// The canonical text: what is stored and hashed. kResourceExhausted above kEntryBytesMax.
Result<std::string> EncodeEntry(const Entry& entry);
// `text` must be the canonical bytes.
Result<Entry> DecodeEntry(std::string_view text);

}  // namespace cloister::ledger
