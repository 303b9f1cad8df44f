#include "cli/server_json.h"

namespace cloister::cli {
namespace {

const codec::Json kNull;
const codec::JsonArray kEmptyArray;

}  // namespace

const codec::Json& MemberAt(const codec::Json& json, std::string_view name) {
  const auto* object = json.if_object();
  const codec::Json* member = object == nullptr ? nullptr : object->if_contains(name);
  return member == nullptr ? kNull : *member;
}

std::string TextAt(const codec::Json& json, std::string_view name) {
  const codec::Json& member = MemberAt(json, name);
  return member.is_string() ? std::string(member.get_string()) : std::string();
}

std::int64_t IntegerAt(const codec::Json& json, std::string_view name, std::int64_t absent) {
  const codec::Json& member = MemberAt(json, name);
  return member.is_int64() ? member.get_int64() : absent;
}

bool BoolAt(const codec::Json& json, std::string_view name) {
  const codec::Json& member = MemberAt(json, name);
  return member.is_bool() && member.get_bool();
}

const codec::JsonArray& ArrayAt(const codec::Json& json, std::string_view name) {
  const codec::Json& member = MemberAt(json, name);
  return member.is_array() ? member.get_array() : kEmptyArray;
}

}  // namespace cloister::cli
