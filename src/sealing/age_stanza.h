#pragma once

// File keys and the stanzas that carry them (https://c2sp.org/age, "Native recipient types"). Sealing knows X25519 alone;
// opening also knows what a well-formed scrypt stanza is.

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

// The file key out of the first stanza that opens with one of `identities`, tried in their order; nothing if none does.
// Every stanza of a type we know is checked first, and any that is malformed makes the file unreadable: kInvalidArgument.
Result<std::optional<SecretBytes>> UnwrapFileKey(const std::vector<AgeStanza>& stanzas,
                                                 std::span<const AgeIdentity> identities);

}  // namespace cloister::sealing
