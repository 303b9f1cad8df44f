#pragma once

// As much of JSON Schema (draft 2020-12) as our schemas use, for tests that hold a schema against a decoder. A keyword
// that is not known here fails the test that uses it.

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "codec/json.h"

namespace cloister::agreement::for_test {

class JsonSchema {
 public:
  explicit JsonSchema(codec::Json root) : root_(std::move(root)) {}
  bool Accepts(const codec::Json& value) const { return Accepts(root_, value); }

 private:
  using Json = codec::Json;

  static double Number(const Json& json) {
    return json.is_int64() ? static_cast<double>(json.get_int64()) : json.get_double();
  }

  static bool IsOfType(std::string_view type, const Json& value) {
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_int64();
    if (type == "number") return value.is_int64() || value.is_double();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "array") return value.is_array();
    return type == "object" && value.is_object();
  }

  bool Type(const Json& type, const Json& value) const {
    if (type.is_string()) return IsOfType(std::string_view(type.get_string()), value);
    for (const Json& each : type.get_array()) {
      if (IsOfType(std::string_view(each.get_string()), value)) return true;
    }
    return false;
  }

  const Json& Referred(std::string_view reference) const {
    constexpr std::string_view kHead = "#/$defs/";
    EXPECT_TRUE(reference.starts_with(kHead)) << reference;
    return root_.at("$defs").at(reference.substr(kHead.size()));
  }

  bool OneOf(const Json& choices, const Json& value) const {
    int accepted = 0;
    for (const Json& each : choices.get_array()) accepted += Accepts(each, value) ? 1 : 0;
    return accepted == 1;
  }

  bool Members(const codec::JsonObject& schema, const Json& value) const {
    if (!value.is_object()) return true;
    const Json* properties = schema.if_contains("properties");
    const Json* more = schema.if_contains("additionalProperties");
    for (const auto& member : value.get_object()) {
      const Json* known = properties == nullptr ? nullptr : properties->get_object().if_contains(member.key());
      if (known == nullptr) known = more;
      if (known != nullptr && !Accepts(*known, member.value())) return false;
    }
    if (const Json* required = schema.if_contains("required")) {
      for (const Json& name : required->get_array()) {
        if (!value.get_object().contains(name.get_string())) return false;
      }
    }
    return true;
  }

  bool Items(const Json& items, const Json& value) const {
    if (!value.is_array()) return true;
    for (const Json& each : value.get_array()) {
      if (!Accepts(items, each)) return false;
    }
    return true;
  }

  static bool Limit(std::string_view keyword, double limit, const Json& value) {
    const bool number = value.is_int64() || value.is_double();
    if (keyword == "minimum") return !number || Number(value) >= limit;
    if (keyword == "maximum") return !number || Number(value) <= limit;
    if (keyword == "exclusiveMinimum") return !number || Number(value) > limit;
    const auto size = static_cast<double>(value.is_string()   ? value.get_string().size()
                                          : value.is_array()  ? value.get_array().size()
                                          : value.is_object() ? value.get_object().size()
                                                              : 0);
    if (keyword == "minLength") return !value.is_string() || size >= limit;
    if (keyword == "maxLength") return !value.is_string() || size <= limit;
    if (keyword == "minItems") return !value.is_array() || size >= limit;
    if (keyword == "maxItems") return !value.is_array() || size <= limit;
    if (keyword == "maxProperties") return !value.is_object() || size <= limit;
    ADD_FAILURE() << "the keyword " << keyword << " is not known to this test";
    return false;
  }

  bool Keyword(std::string_view keyword, const Json& argument, const codec::JsonObject& schema,
               const Json& value) const {
    static const std::set<std::string_view> kSilent = {"$schema",  "$id",   "$defs",      "$comment",
                                                       "title", "description", "default"};
    static const std::set<std::string_view> kMembers = {"properties", "additionalProperties", "required"};
    if (kSilent.contains(keyword)) return true;
    if (kMembers.contains(keyword)) return Members(schema, value);
    if (keyword == "$ref") return Accepts(Referred(std::string_view(argument.get_string())), value);
    if (keyword == "type") return Type(argument, value);
    if (keyword == "const") return argument == value;
    if (keyword == "oneOf") return OneOf(argument, value);
    if (keyword == "items") return Items(argument, value);
    if (keyword == "enum") {
      const auto& choices = argument.get_array();
      return std::find(choices.begin(), choices.end(), value) != choices.end();
    }
    if (keyword == "pattern") {
      return !value.is_string() || std::regex_search(std::string(value.get_string()),
                                                     std::regex(std::string(argument.get_string())));
    }
    return Limit(keyword, Number(argument), value);
  }

  bool Accepts(const Json& schema, const Json& value) const {
    if (schema.is_bool()) return schema.get_bool();
    for (const auto& keyword : schema.get_object()) {
      if (!Keyword(keyword.key(), keyword.value(), schema.get_object(), value)) return false;
    }
    return true;
  }

  Json root_;
};

}  // namespace cloister::agreement::for_test
