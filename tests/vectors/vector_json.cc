#include "vectors/vector_json.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>

#include "codec/text.h"

namespace cloister::vectors {
namespace {

[[noreturn]] void Wrong(std::string_view name, std::string_view must) {
  throw VectorError("member " + std::string(name) + " must be " + std::string(must));
}

}  // namespace

Json ReadJson(ByteView text) {
  boost::json::error_code ec;
  Json value = boost::json::parse({reinterpret_cast<const char*>(text.data()), text.size()}, ec);
  if (ec) throw VectorError("malformed JSON: " + ec.message());
  return value;
}

const JsonObject& AsObject(const Json& value, std::string_view what) {
  if (!value.is_object()) Wrong(what, "an object");
  return value.get_object();
}

const JsonArray& AsArray(const Json& value, std::string_view what) {
  if (!value.is_array()) Wrong(what, "an array");
  return value.get_array();
}

const Json& Member(const JsonObject& object, std::string_view name) {
  const Json* member = object.if_contains(name);
  if (member == nullptr) throw VectorError("member " + std::string(name) + " is missing");
  return *member;
}

std::string Text(const JsonObject& object, std::string_view name) {
  const Json& member = Member(object, name);
  if (!member.is_string()) Wrong(name, "a text");
  return std::string(member.get_string());
}

std::string TextOr(const JsonObject& object, std::string_view name, std::string_view fallback) {
  return object.contains(name) ? Text(object, name) : std::string(fallback);
}

Bytes Hex(const JsonObject& object, std::string_view name) { return FromHex(Text(object, name)); }

std::int64_t Integer(const JsonObject& object, std::string_view name) {
  const Json& member = Member(object, name);
  if (!member.is_int64()) Wrong(name, "an integer");
  return member.get_int64();
}

std::uint64_t Unsigned(const JsonObject& object, std::string_view name) {
  const Json& member = Member(object, name);
  if (member.is_uint64()) return member.get_uint64();
  if (!member.is_int64() || member.get_int64() < 0) Wrong(name, "an unsigned integer");
  return static_cast<std::uint64_t>(member.get_int64());
}

bool Flag(const JsonObject& object, std::string_view name) {
  const Json& member = Member(object, name);
  if (!member.is_bool()) Wrong(name, "true or false");
  return member.get_bool();
}

const JsonObject& Object(const JsonObject& object, std::string_view name) {
  return AsObject(Member(object, name), name);
}

const JsonArray& Array(const JsonObject& object, std::string_view name) {
  return AsArray(Member(object, name), name);
}

Bytes FromHex(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  Result<Bytes> bytes = codec::HexDecode(lower);
  if (!bytes) throw VectorError(bytes.error().public_message);
  return std::move(bytes).value();
}

Bytes ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw VectorError("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace cloister::vectors
