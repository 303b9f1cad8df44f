#pragma once

// What a manifest says about its sealed file, so that no other bytes can stand in for it
// (docs/formats/sealed-object.md): the age header it has, how long the whole file is, and the Merkle root
// over payload nonce and ciphertext chunks.
//
// JSON: {"header_digest":"<hex>","length":123,"root":"<hex>"}

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::agreement {

// Larger than any file this version loads, small enough to stay exact as a JSON number.
inline constexpr std::uint64_t kSealedObjectBytesMax = std::uint64_t{1} << 42;

struct SealedObjectRef {
  Digest256 header_digest{};
  std::uint64_t length_bytes = 0;
  Digest256 root{};
  bool operator==(const SealedObjectRef&) const = default;
};

codec::Json EncodeObjectRef(const SealedObjectRef& object);
// `where` is the path that errors start with ("manifest.object").
Result<SealedObjectRef> DecodeObjectRef(const codec::Json& json, const std::string& where);

}  // namespace cloister::agreement
