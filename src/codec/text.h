#pragma once

// Binary as text. Every decoder accepts exactly one spelling of each value: a second spelling would let two
// documents with different digests mean the same.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::codec {

// RFC 4648 section 5, without padding. Decoding refuses padding, white space and non-zero spare bits.
std::string Base64UrlEncode(ByteView bytes);
Result<Bytes> Base64UrlDecode(std::string_view text);

// RFC 4648 section 4, with padding (C2SP signed notes, tlog); same strictness.
std::string Base64Encode(ByteView bytes);
Result<Bytes> Base64Decode(std::string_view text);
// The same without padding, as age headers have it.
std::string Base64EncodeUnpadded(ByteView bytes);
Result<Bytes> Base64DecodeUnpadded(std::string_view text);

// Lower case only.
std::string HexEncode(ByteView bytes);
Result<Bytes> HexDecode(std::string_view text);
Result<Digest256> HexDecodeDigest(std::string_view text);

bool IsValidUtf8(std::string_view text);

}  // namespace cloister::codec
