#pragma once

// File keys and the stanzas that carry them (https://c2sp.org/age, "Native recipient types"). We seal to
// X25519 recipients alone; what others sealed with a passphrase (scrypt) we open.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "base/secret_bytes.h"
#include "sealing/age_header.h"
#include "sealing/age_identity.h"

namespace cloister::sealing {

inline constexpr std::size_t kFileKeyBytes = 16;

// `file_key` for `recipient`, under a fresh ephemeral key.
Result<AgeStanza> WrapFileKey(const SecretBytes& file_key, const AgeRecipient& recipient, Rng& rng);

// What there is to open a file with; must outlive its use.
struct AgeKeys {
  std::span<const AgeIdentity> identities = {};
  std::span<const std::string> passphrases = {};
};

// The file key out of the first stanza that opens with one of `keys`, tried in their order; nothing if none
// does. Every stanza of a type we know is checked first, and any that is malformed makes the file unreadable:
// kInvalidArgument. A passphrase costs up to 4 GiB of memory and seconds, as the file's maker chose.
Result<std::optional<SecretBytes>> UnwrapFileKey(const std::vector<AgeStanza>& stanzas, const AgeKeys& keys);

}  // namespace cloister::sealing
