#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

const codec::Json kNull;
const codec::JsonArray kEmptyArray;
const codec::JsonObject kEmptyObject;

}  // namespace

bool ParseContext::Enter() {
  ++depth;
  if (++nodes <= kNodesMax && depth <= kDepthMax) return true;
  findings.Add({"R23", findings.Whole(),
                "The query is too large: at most " + std::to_string(kNodesMax) + " nodes and " +
                    std::to_string(kDepthMax) + " levels; split it."});
  return false;
}

TreeReader::TreeReader(const codec::Json& node, ParseContext& context)
    : context_(context), findings_before_(context.findings.size()) {
  object_ = node.if_object();
  if (object_ == nullptr) {
    broken_ = true;
    object_ = &kEmptyObject;
  }
}

const codec::Json* TreeReader::Take(std::string_view name) {
  taken_.emplace(name);
  const codec::Json* member = object_->if_contains(name);
  if (member == nullptr) broken_ = true;
  return member;
}

std::string TreeReader::String(std::string_view name) {
  const codec::Json* member = Take(name);
  if (member != nullptr && member->is_string()) return std::string(member->get_string());
  broken_ = true;
  return {};
}

bool TreeReader::Bool(std::string_view name) {
  const codec::Json* member = Take(name);
  if (member != nullptr && member->is_bool()) return member->get_bool();
  broken_ = true;
  return false;
}

std::int64_t TreeReader::Integer(std::string_view name) {
  const codec::Json* member = Take(name);
  if (member != nullptr && member->is_int64()) return member->get_int64();
  broken_ = true;
  return 0;
}

const codec::JsonArray& TreeReader::Array(std::string_view name) {
  const codec::Json* member = Take(name);
  if (member != nullptr && member->is_array()) return member->get_array();
  broken_ = true;
  return kEmptyArray;
}

const codec::Json& TreeReader::Any(std::string_view name) {
  const codec::Json* member = Take(name);
  return member != nullptr ? *member : kNull;
}

void TreeReader::Expect(std::string_view name, const codec::Json& value, std::string_view rule,
                        std::string_view sentence) {
  const codec::Json* member = Take(name);
  if (member == nullptr || *member == value) return;
  context_.findings.Add({rule, Range(), std::string(sentence)});
  broken_ = true;
}

TextRange TreeReader::Range() {
  taken_.emplace("query_location");
  const codec::Json* member = object_->if_contains("query_location");
  // The serialiser writes 2^64-1 for "nowhere"; the reader of the document has made that -1.
  if (member == nullptr || !member->is_int64() || member->get_int64() < 0) return {};
  return context_.findings.Token(member->get_int64());
}

bool TreeReader::Finish(TextRange range) {
  for (const auto& member : *object_) {
    if (!taken_.contains(std::string_view(member.key().data(), member.key().size()))) broken_ = true;
  }
  // Who broke it with a reason of his own has said enough.
  if (broken_ && context_.findings.size() == findings_before_) {
    context_.findings.Add(
        {"R01", range, "This part of the query is not in the SQL that Cloister admits; write it with plain SELECT."});
  }
  return !broken_;
}

TextRange Cover(TextRange a, TextRange b) {
  if (a.from == a.to) return b;
  if (b.from == b.to) return a;
  return {std::min(a.from, b.from), std::max(a.to, b.to)};
}

ExprPtr ParseOptionalExpression(const codec::Json& node, ParseContext& context) {
  return node.is_null() ? nullptr : ParseExpression(node, context);
}

std::vector<ExprPtr> ParseExpressions(const codec::JsonArray& nodes, ParseContext& context) {
  std::vector<ExprPtr> out;
  for (const codec::Json& node : nodes) {
    if (ExprPtr expr = ParseExpression(node, context)) out.push_back(std::move(expr));
  }
  return out;
}

}  // namespace cloister::sql
