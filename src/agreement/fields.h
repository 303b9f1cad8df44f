#pragma once

// The members that documents of this room and entries of the ledger have in common, read through an
// ObjectReader: each getter reports a problem to the reader and returns a harmless value, as the reader's own
// do.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/thumbprint.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "codec/json.h"

namespace cloister::agreement {

// Text that may be shown on a terminal or a page as it is: no control characters, nothing that reorders what
// is read (Unicode bidirectional controls).
enum class TextKind {
  kLine,   // one line
  kLines,  // tabs and line ends too
};
bool IsShowable(std::string_view text, TextKind kind);
// At most `bytes_max` bytes; empty only if `may_be_empty`.
struct TextRule {
  std::size_t bytes_max;
  TextKind kind = TextKind::kLine;
  bool may_be_empty = false;
};
std::string ReadText(codec::ObjectReader& in, std::string_view name, const TextRule& rule);

Thumbprint ReadThumbprint(codec::ObjectReader& in, std::string_view name);
// Strictly ascending, so that no name is there twice.
std::vector<Thumbprint> ReadThumbprints(codec::ObjectReader& in, std::string_view name, std::size_t count_max);
std::vector<Digest256> ReadDigests(codec::ObjectReader& in, std::string_view name, std::size_t count_max);

Instant ReadInstant(codec::ObjectReader& in, std::string_view name);

// A digest, or JSON null for none.
std::optional<Digest256> ReadNullableDigest(codec::ObjectReader& in, std::string_view name);
codec::Json NullableDigest(const std::optional<Digest256>& digest);
std::string HexDigest(const Digest256& digest);
codec::JsonArray TextArray(const std::vector<std::string>& texts);

template <typename IdType>
IdType ReadId(codec::ObjectReader& in, std::string_view name, std::string_view prefix) {
  Result<IdType> id = IdType::Parse(in.String(name));
  if (id) return std::move(id).value();
  in.Fail(name, "must be an identifier that starts with " + std::string(prefix) + "_");
  return IdType::Parse(std::string(prefix) + "_" + std::string(26, '0')).value();
}
inline EnvironmentId ReadEnvironmentId(codec::ObjectReader& in, std::string_view name) {
  return ReadId<EnvironmentId>(in, name, EnvironmentTag::kPrefix);
}
inline DatasetId ReadDatasetId(codec::ObjectReader& in, std::string_view name) {
  return ReadId<DatasetId>(in, name, DatasetTag::kPrefix);
}
inline QueryId ReadQueryId(codec::ObjectReader& in, std::string_view name) {
  return ReadId<QueryId>(in, name, QueryTag::kPrefix);
}

// Whether each item is less than the next.
template <typename Items, typename Key>
bool StrictlyAscending(const Items& items, Key key) {
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (!(key(items[i - 1]) < key(items[i]))) return false;
  }
  return true;
}

}  // namespace cloister::agreement
