#pragma once

// Reading vector files. They are our test data and not a stranger's input, so a missing or odd member is an
// exception that ends the case it stands in: a vector that cannot be read never counts as passed.

#include <boost/json/value.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cloister::vectors {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

// The message names what is missing or not understood.
class VectorError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Any JSON, also what codec::ParseJson refuses: tlog indexes are 64-bit numbers, and a duplicate member may
// be the test.
Json ReadJson(ByteView text);

const JsonObject& AsObject(const Json& value, std::string_view what);
const JsonArray& AsArray(const Json& value, std::string_view what);

// Required members.
const Json& Member(const JsonObject& object, std::string_view name);
std::string Text(const JsonObject& object, std::string_view name);
Bytes Hex(const JsonObject& object, std::string_view name);  // either case
std::int64_t Integer(const JsonObject& object, std::string_view name);
std::uint64_t Unsigned(const JsonObject& object, std::string_view name);
bool Flag(const JsonObject& object, std::string_view name);
const JsonObject& Object(const JsonObject& object, std::string_view name);
const JsonArray& Array(const JsonObject& object, std::string_view name);

// Absent: empty.
std::string TextOr(const JsonObject& object, std::string_view name, std::string_view fallback);

Bytes FromHex(std::string_view text);
Bytes ReadFile(const std::string& path);

}  // namespace cloister::vectors
