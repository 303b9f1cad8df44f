#include "codec/json.h"
#include "codec/text.h"

namespace cloister::codec {
namespace {

const Json kNull;
const JsonObject kEmptyObject;
const JsonArray kEmptyArray;

}  // namespace

ObjectReader::ObjectReader(const Json& value, std::string where) : where_(std::move(where)) {
  object_ = value.if_object();
  if (object_ == nullptr) {
    problem_ = InvalidArgument((where_.empty() ? "the body" : where_) + " must be a JSON object");
    object_ = &kEmptyObject;
  }
}

std::string ObjectReader::Path(std::string_view name) const {
  return where_.empty() ? std::string(name) : where_ + "." + std::string(name);
}

void ObjectReader::Fail(std::string_view name, std::string_view problem) {
  if (!problem_) problem_ = InvalidArgument(Path(name) + " " + std::string(problem));
}

bool ObjectReader::Has(std::string_view name) const { return object_->contains(name); }

const Json* ObjectReader::Take(std::string_view name, bool required) {
  taken_.emplace(name);
  const Json* member = object_->if_contains(name);
  if (member == nullptr && required) Fail(name, "is missing");
  return member;
}

const Json& ObjectReader::Any(std::string_view name) {
  const Json* member = Take(name, true);
  return member != nullptr ? *member : kNull;
}

const Json* ObjectReader::OptionalAny(std::string_view name) { return Take(name, false); }

std::optional<std::string> ObjectReader::OptionalString(std::string_view name, std::size_t chars_max) {
  const Json* member = Take(name, false);
  if (member == nullptr) return std::nullopt;
  if (!member->is_string()) {
    Fail(name, "must be a string");
  } else if (member->get_string().size() > chars_max) {
    Fail(name, "must not be longer than " + std::to_string(chars_max) + " bytes");
  } else {
    return std::string(member->get_string());
  }
  return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::OptionalInteger(std::string_view name, std::int64_t min, std::int64_t max) {
  const Json* member = Take(name, false);
  if (member == nullptr) return std::nullopt;
  if (!member->is_int64()) {
    Fail(name, "must be an integer");
  } else if (member->get_int64() < min || member->get_int64() > max) {
    Fail(name, "must be from " + std::to_string(min) + " to " + std::to_string(max));
  } else {
    return member->get_int64();
  }
  return std::nullopt;
}

std::optional<double> ObjectReader::OptionalNumber(std::string_view name, double min, double max) {
  const Json* member = Take(name, false);
  if (member == nullptr) return std::nullopt;
  if (!member->is_double() && !member->is_int64()) {
    Fail(name, "must be a number");
    return std::nullopt;
  }
  const double number = member->is_double() ? member->get_double() : static_cast<double>(member->get_int64());
  if (!(number >= min && number <= max)) {
    Fail(name, "must be from " + CanonicalJson(min) + " to " + CanonicalJson(max));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> ObjectReader::OptionalBool(std::string_view name) {
  const Json* member = Take(name, false);
  if (member == nullptr) return std::nullopt;
  if (!member->is_bool()) {
    Fail(name, "must be true or false");
    return std::nullopt;
  }
  return member->get_bool();
}

std::string ObjectReader::String(std::string_view name, std::size_t chars_max) {
  if (!Has(name)) Fail(name, "is missing");
  return OptionalString(name, chars_max).value_or("");
}

std::int64_t ObjectReader::Integer(std::string_view name, std::int64_t min, std::int64_t max) {
  if (!Has(name)) Fail(name, "is missing");
  return OptionalInteger(name, min, max).value_or(min);
}

double ObjectReader::Number(std::string_view name, double min, double max) {
  if (!Has(name)) Fail(name, "is missing");
  return OptionalNumber(name, min, max).value_or(min);
}

bool ObjectReader::Bool(std::string_view name) {
  if (!Has(name)) Fail(name, "is missing");
  return OptionalBool(name).value_or(false);
}

const JsonObject& ObjectReader::Object(std::string_view name) {
  const Json& member = Any(name);
  if (const auto* object = member.if_object()) return *object;
  Fail(name, "must be an object");
  return kEmptyObject;
}

const JsonArray& ObjectReader::Array(std::string_view name, std::size_t count_max) {
  const Json& member = Any(name);
  const auto* array = member.if_array();
  if (array == nullptr) {
    Fail(name, "must be an array");
  } else if (array->size() > count_max) {
    Fail(name, "must not have more than " + std::to_string(count_max) + " items");
  } else {
    return *array;
  }
  return kEmptyArray;
}

std::vector<std::string> ObjectReader::Strings(std::string_view name, std::size_t count_max) {
  std::vector<std::string> strings;
  for (const Json& item : Array(name, count_max)) {
    if (!item.is_string()) {
      Fail(name, "must hold strings only");
      return {};
    }
    strings.emplace_back(item.get_string());
  }
  return strings;
}

Bytes ObjectReader::Base64Url(std::string_view name, std::size_t size) {
  const std::string text = String(name);
  Result<Bytes> bytes = Base64UrlDecode(text);
  if (!bytes || bytes->size() != size) {
    Fail(name, "must be " + std::to_string(size) + " bytes as unpadded base64url");
    return Bytes(size);
  }
  return std::move(bytes).value();
}

Digest256 ObjectReader::HexDigest(std::string_view name) {
  Result<Digest256> digest = HexDecodeDigest(String(name));
  if (digest) return *digest;
  Fail(name, "must be a SHA-256 digest as 64 lower-case hex digits");
  return {};
}

Status ObjectReader::Finish() {
  if (problem_) return *problem_;
  for (const auto& member : *object_) {
    const std::string_view name(member.key().data(), member.key().size());
    if (!taken_.contains(name)) return InvalidArgument(Path(name) + " is not known here");
  }
  return {};
}

}  // namespace cloister::codec
