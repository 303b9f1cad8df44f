#pragma once

// The textual header of an age v1 file (https://c2sp.org/age, "Header"):
//
//   age-encryption.org/v1
//   -> X25519 XEl0dJ6y3C7KZkgmgWUicg63EyXJiwBJW8PdYJ/cYBE      a stanza: arguments ...
//   qRS0AMjdjPvZ/WT08U2KL4G+PIooA3hy38SvLpvaC1E                a body, its last line under 64 columns
//   --- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s            HMAC of all that stands before, "---" included
//
// Reading accepts exactly the grammar, so that a header has one meaning and what was read would be written
// alike: WriteAgeHeader(ParseAgeHeader(x)) == x. Pure and thread-safe.

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace cloister::sealing {

// Room for 2,500 X25519 recipients. A longer header is refused before anything of it is believed.
inline constexpr std::size_t kAgeHeaderBytesMax = 256 << 10;

struct AgeStanza {
  std::vector<std::string> arguments;  // at least one, the type; each of visible ASCII
  Bytes body;
};

struct AgeHeader {
  std::vector<AgeStanza> stanzas;  // at least one
  Digest256 mac{};
};

// The header's size if `prefix`, the beginning of a file, holds its last line completely; nothing if more is
// to be read. `searched` is where the last call on a shorter prefix of the same file left off, 0 at first.
std::optional<std::size_t> FindAgeHeaderEnd(ByteView prefix, std::size_t& searched);

// `text` is the header and nothing behind it. kInvalidArgument with the number of the offending line.
Result<AgeHeader> ParseAgeHeader(ByteView text);

// kVerificationFailed unless `text`, which ParseAgeHeader accepted, carries the MAC of `file_key`.
Status VerifyAgeHeaderMac(ByteView text, const Digest256& mac, const SecretBytes& file_key);

// The header of `stanzas` as bytes, with the MAC of `file_key`.
std::string WriteAgeHeader(const std::vector<AgeStanza>& stanzas, const SecretBytes& file_key);

}  // namespace cloister::sealing
