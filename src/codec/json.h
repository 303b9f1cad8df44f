#pragma once

// JSON of strangers in, canonical JSON out.
//
// ParseJson is strict RFC 8259: one value, valid UTF-8, no duplicate member names, bounded depth, no trailing
// bytes; a number that JavaScript could not hold exactly (RFC 8785, I-JSON) is refused. Errors name the byte offset.
// CanonicalJson is RFC 8785 (JCS): members sorted by UTF-16 code units, shortest round-trip numbers. It is what
// gets hashed: equal values give equal bytes, on every platform.
// ObjectReader decodes an object member by member and refuses what nobody asked for, so that a document cannot
// carry a second meaning for another reader.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace cloister::codec {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

struct JsonLimits {
  std::size_t bytes_max = 1 << 20;
  std::size_t depth_max = 32;
};

// All of `text` is one value. Thread-safe, allocates at most a small multiple of text.size().
Result<Json> ParseJson(std::string_view text, const JsonLimits& limits = {});

// Compact JSON in the value's own member order; for answers and files that nobody hashes.
std::string WriteJson(const Json& value);
// Indented by two spaces, for people.
std::string WritePrettyJson(const Json& value);
// RFC 8785. NaN and infinities are a broken invariant: our values never hold them.
std::string CanonicalJson(const Json& value);

// Strict decoding of one object:
//
//   ObjectReader in(json, "manifest.policy");
//   auto k = in.Integer("k", 1, 1'000'000);
//   auto unit = in.OptionalString("privacy_unit");
//   CLOISTER_TRY(in.Finish());          // the first problem in reading order, or an unknown member's name
//
// Each getter remembers the first problem and returns a harmless value afterwards, so that reading code is a list
// of members without a test per line; nothing may be used before Finish() succeeded. Not thread-safe. Keeps a
// reference to the value, which must outlive the reader.
class ObjectReader {
 public:
  ObjectReader(const Json& value, std::string where);

  std::string String(std::string_view name, std::size_t chars_max = 4096);
  std::int64_t Integer(std::string_view name, std::int64_t min, std::int64_t max);
  double Number(std::string_view name, double min, double max);
  bool Bool(std::string_view name);
  std::vector<std::string> Strings(std::string_view name, std::size_t count_max);
  // The member's value, which must be an object or an array; an empty one after a problem.
  const JsonObject& Object(std::string_view name);
  const JsonArray& Array(std::string_view name, std::size_t count_max);
  const Json& Any(std::string_view name);

  // Absent, or there and of the right type. JSON null is a wrong type, not an absence.
  std::optional<std::string> OptionalString(std::string_view name, std::size_t chars_max = 4096);
  std::optional<std::int64_t> OptionalInteger(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<double> OptionalNumber(std::string_view name, double min, double max);
  std::optional<bool> OptionalBool(std::string_view name);
  const Json* OptionalAny(std::string_view name);

  // Reads a base64url (unpadded) or lower-case hex member of exactly `size` bytes.
  Bytes Base64Url(std::string_view name, std::size_t size);
  Digest256 HexDigest(std::string_view name);

  bool Has(std::string_view name) const;
  // A problem found by the caller, reported as if the reader had found it.
  void Fail(std::string_view name, std::string_view problem);
  std::string Path(std::string_view name) const;

  // OK, or the first problem; unknown members are one.
  Status Finish();

 private:
  const Json* Take(std::string_view name, bool required);

  const JsonObject* object_ = nullptr;
  std::string where_;
  std::set<std::string, std::less<>> taken_;
  std::optional<Error> problem_;
};

}  // namespace cloister::codec
