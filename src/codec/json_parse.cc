#include <boost/json/basic_parser_impl.hpp>

#include <charconv>
#include <cmath>
#include <vector>

#include "codec/json.h"

namespace cloister::codec {
namespace {

constexpr std::int64_t kExactIntegerMax = std::int64_t{1} << 53;

// Canonical JSON writes such a number as plain digits, which would be refused as an integer when they are read back.
bool IsInexactInteger(double number) {
  return std::abs(number) > static_cast<double>(kExactIntegerMax) && std::abs(number) < 1e21;
}

enum class Trouble { kNone, kDuplicateMember, kInexactNumber };

// Builds the value. Boost's own value parser keeps the last of two members with one name; a signed document must
// not be able to say two things, so this one stops at the second.
class TreeBuilder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using error_code = boost::json::error_code;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return Open(JsonObject{}); }
  bool on_object_end(std::size_t, error_code&) { return Close(); }
  bool on_array_begin(error_code&) { return Open(JsonArray{}); }
  bool on_array_end(std::size_t, error_code&) { return Close(); }
  bool on_key_part(boost::json::string_view part, std::size_t, error_code&) { return Extend(part); }
  bool on_key(boost::json::string_view part, std::size_t, error_code& ec) {
    Extend(part);
    const JsonObject& object = open_.back().value.get_object();
    if (object.contains(text_)) return Stop(Trouble::kDuplicateMember, ec);
    open_.back().member = std::move(text_);
    text_.clear();
    return true;
  }
  bool on_string_part(boost::json::string_view part, std::size_t, error_code&) { return Extend(part); }
  bool on_string(boost::json::string_view part, std::size_t, error_code&) {
    Extend(part);
    Json value(text_);
    text_.clear();
    return Put(std::move(value));
  }
  bool on_number_part(boost::json::string_view part, error_code&) { return Extend(part); }
  bool on_int64(std::int64_t number, boost::json::string_view, error_code& ec) {
    text_.clear();
    if (number > kExactIntegerMax || number < -kExactIntegerMax) return Stop(Trouble::kInexactNumber, ec);
    return Put(number);
  }
  bool on_uint64(std::uint64_t, boost::json::string_view, error_code& ec) {
    return Stop(Trouble::kInexactNumber, ec);  // only called above INT64_MAX
  }
  // Boost's own conversion is not correctly rounded; another language would read another double and compute
  // another digest.
  bool on_double(double, boost::json::string_view part, error_code& ec) {
    Extend(part);
    double number = 0;
    const auto [end, status] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
    const bool whole = status == std::errc() && end == text_.data() + text_.size();
    text_.clear();
    if (!whole || !std::isfinite(number) || IsInexactInteger(number)) return Stop(Trouble::kInexactNumber, ec);
    return Put(number);
  }
  bool on_bool(bool value, error_code&) { return Put(value); }
  bool on_null(error_code&) { return Put(nullptr); }
  bool on_comment_part(boost::json::string_view, error_code&) { return true; }
  bool on_comment(boost::json::string_view, error_code&) { return true; }

  Trouble trouble() const { return trouble_; }
  Json TakeRoot() { return std::move(root_); }

 private:
  struct Open_ {
    Json value;
    std::string member;  // where the next child of an object goes
  };

  bool Extend(boost::json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool Open(Json container) {
    open_.push_back({std::move(container), {}});
    return true;
  }
  bool Close() {
    Json value = std::move(open_.back().value);
    open_.pop_back();
    return Put(std::move(value));
  }
  bool Put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* object = open_.back().value.if_object()) {
      object->emplace(open_.back().member, std::move(value));
    } else {
      open_.back().value.get_array().push_back(std::move(value));
    }
    return true;
  }
  bool Stop(Trouble trouble, error_code& ec) {
    trouble_ = trouble;
    ec = boost::json::error::syntax;
    return false;
  }

  std::vector<Open_> open_;
  std::string text_;
  Json root_;
  Trouble trouble_ = Trouble::kNone;
};

std::string Describe(Trouble trouble, const boost::json::error_code& ec) {
  switch (trouble) {
    case Trouble::kDuplicateMember: return "a member name that is already there";
    case Trouble::kInexactNumber:
      return "a number beyond those that every reader of JSON holds exactly (2^53 - 1 for whole ones)";
    case Trouble::kNone: break;
  }
  if (ec == boost::json::error::too_deep) return "nested deeper than allowed";
  return "malformed JSON";
}

}  // namespace

Result<Json> ParseJson(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return InvalidArgument("JSON of more than " + std::to_string(limits.bytes_max) + " bytes");
  }
  boost::json::parse_options options;
  options.max_depth = limits.depth_max;
  boost::json::basic_parser<TreeBuilder> parser(options);
  boost::json::error_code ec;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) {
    return InvalidArgument("JSON, byte " + std::to_string(consumed) + ": " +
                           Describe(parser.handler().trouble(), ec));
  }
  if (consumed != text.size()) {
    return InvalidArgument("JSON, byte " + std::to_string(consumed) + ": more than one value");
  }
  return parser.handler().TakeRoot();
}

}  // namespace cloister::codec
