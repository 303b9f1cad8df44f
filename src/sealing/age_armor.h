#pragma once

// The ASCII form of age files (https://c2sp.org/age, "ASCII armor"): strict PEM of RFC 7468 section 3, label
// "AGE ENCRYPTED FILE". Read only: what we write is binary.
//
// Accepted besides the canonical text: CR LF line ends, and white space in front of the first and behind the
// last line. Everything else is refused, since each further spelling would be a second file with the same
// content.

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::sealing {

// At most this much white space on either side.
inline constexpr std::size_t kArmorSpaceBytesMax = 1024;

// The binary file inside. kInvalidArgument with the number of the offending line.
Result<Bytes> DecodeAgeArmor(ByteView text);

}  // namespace cloister::sealing
