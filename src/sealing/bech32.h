#pragma once

// Bech32 (BIP 173) without its length limit, as age uses it: a lower-case human-readable part, '1', five-bit
// groups and a six-character checksum. Pure and thread-safe.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::sealing {

// `prefix` is lower-case ASCII; so is the answer.
std::string Bech32Encode(std::string_view prefix, ByteView data);

// Accepts all lower or all upper case, the prefix asked for (given in lower case), the right checksum and
// canonical padding: one data value has two spellings, and no more. kInvalidArgument otherwise, without
// repeating the text.
Result<Bytes> Bech32Decode(std::string_view prefix, std::string_view text);

}  // namespace cloister::sealing
