#include "vectors/mutation.h"

#include <boost/json/serialize.hpp>
#include <charconv>
#include <initializer_list>
#include <variant>

#include "codec/text.h"

namespace cloister::vectors {
namespace {

void AllowMembers(const JsonObject& mutation, std::initializer_list<std::string_view> names) {
  for (const auto& member : mutation) {
    const std::string_view name(member.key().data(), member.key().size());
    bool known = name == "op" || name == "input" || name == "note";
    for (std::string_view allowed : names) known = known || name == allowed;
    if (!known) {
      throw VectorError("mutation " + Text(mutation, "op") + " knows no member " + std::string(name));
    }
  }
}

void ChangeByte(const JsonObject& mutation, std::string_view op, Bytes& input) {
  AllowMembers(mutation, {"offset", "value"});
  const std::uint64_t offset = Unsigned(mutation, "offset");
  const std::uint64_t value = Unsigned(mutation, "value");
  if (offset >= input.size() || value > 0xff) throw VectorError("a mutation outside its input or of no byte");
  std::uint8_t& byte = input[offset];
  const auto operand = static_cast<std::uint8_t>(value);
  byte = op == "set" ? operand : op == "xor" ? byte ^ operand : static_cast<std::uint8_t>(byte + operand);
}

void Truncate(const JsonObject& mutation, Bytes& input) {
  AllowMembers(mutation, {"value"});
  const std::uint64_t size = Unsigned(mutation, "value");
  if (size > input.size()) throw VectorError("truncation beyond the end of the input");
  input.resize(size);
}

void ReplaceText(const JsonObject& mutation, Bytes& input) {
  AllowMembers(mutation, {"old", "new"});
  const std::string old_text = Text(mutation, "old"), new_text = Text(mutation, "new");
  std::string text(AsText(input));
  std::size_t at = old_text.empty() ? text.npos : text.find(old_text);
  if (at == text.npos) throw VectorError("the text to replace is not in the input");
  for (; at != text.npos; at = text.find(old_text, at + new_text.size())) {
    text.replace(at, old_text.size(), new_text);
  }
  input = ToBytes(text);
}

using Step = std::variant<std::string, std::size_t>;

// "keys[0].e" is member keys, element 0, member e.
std::vector<Step> ParsePath(std::string_view path) {
  std::vector<Step> steps;
  while (!path.empty()) {
    if (path[0] == '[') {
      const std::size_t close = path.find(']');
      std::size_t index = 0;
      if (close == path.npos) throw VectorError("a JSON key with an open bracket");
      const auto [end, status] = std::from_chars(path.data() + 1, path.data() + close, index);
      if (status != std::errc() || end != path.data() + close) {
        throw VectorError("a JSON key without an index");
      }
      steps.emplace_back(index);
      path.remove_prefix(close + 1);
      if (path.starts_with('.')) path.remove_prefix(1);
    } else {
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      steps.emplace_back(std::string(path.substr(0, end)));
      path.remove_prefix(path.substr(end).starts_with('.') ? end + 1 : end);
    }
  }
  if (steps.empty()) throw VectorError("an empty JSON key");
  return steps;
}

Json& Descend(Json& value, const Step& step) {
  if (const auto* index = std::get_if<std::size_t>(&step)) {
    if (!value.is_array() || *index >= value.get_array().size()) {
      throw VectorError("a JSON key outside its array");
    }
    return value.get_array()[*index];
  }
  const std::string& name = std::get<std::string>(step);
  if (!value.is_object() || !value.get_object().contains(name)) throw VectorError("no JSON member " + name);
  return value.get_object().at(name);
}

void EditJson(const JsonObject& mutation, bool set, Bytes& input) {
  if (set) {
    AllowMembers(mutation, {"key", "value"});
  } else {
    AllowMembers(mutation, {"key"});
  }
  std::vector<Step> steps = ParsePath(Text(mutation, "key"));
  const Step last = steps.back();
  steps.pop_back();
  Json root = ReadJson(input);
  Json* parent = &root;
  for (const Step& step : steps) parent = &Descend(*parent, step);
  if (const auto* name = std::get_if<std::string>(&last); name != nullptr && set && parent->is_object()) {
    parent->get_object()[*name] = Member(mutation, "value");
  } else {
    Json& target = Descend(*parent, last);
    if (set) {
      target = Member(mutation, "value");
    } else if (parent->is_object()) {
      parent->get_object().erase(std::get<std::string>(last));
    } else {
      parent->get_array().erase(parent->get_array().begin() +
                                static_cast<std::ptrdiff_t>(std::get<std::size_t>(last)));
    }
  }
  input = ToBytes(boost::json::serialize(root));
}

// For a token header.payload.signature.
void EditToken(const JsonObject& mutation, bool drop_signature, Bytes& input) {
  const std::string token(AsText(input));
  const std::size_t first = token.find('.'), last = token.rfind('.');
  if (first == token.npos || first == last) throw VectorError("a token mutation of what is no token");
  if (drop_signature) {
    AllowMembers(mutation, {});
    input = ToBytes(token.substr(0, last + 1));
    return;
  }
  AllowMembers(mutation, {"value"});
  const Json& value = Member(mutation, "value");
  const std::string header =
      value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value);
  input = ToBytes(codec::Base64UrlEncode(AsBytes(header)) + token.substr(first));
}

}  // namespace

void Mutate(const JsonObject& mutation, Bytes& input) {
  const std::string op = Text(mutation, "op");
  if (op == "set" || op == "add" || op == "xor") return ChangeByte(mutation, op, input);
  if (op == "truncate") return Truncate(mutation, input);
  if (op == "replace_text") return ReplaceText(mutation, input);
  if (op == "json_set" || op == "json_delete") return EditJson(mutation, op == "json_set", input);
  if (op == "replace_header" || op == "drop_signature") {
    return EditToken(mutation, op == "drop_signature", input);
  }
  if (op == "append" || op == "replace_hex") {
    AllowMembers(mutation, {"value_hex"});
    if (op == "replace_hex") input.clear();
    return Append(input, Hex(mutation, "value_hex"));
  }
  throw VectorError("unknown mutation " + op);
}

}  // namespace cloister::vectors
