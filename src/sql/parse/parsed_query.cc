#include "sql/parse/parsed_query.h"

#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

constexpr std::size_t kTreeDepthMax = 512;  // an expression level of the text is at most four of the tree

// The serialiser writes "nowhere" as 2^64-1, a number that our reader of JSON rightly refuses. Inside a JSON string
// the quotes of this sequence would be escaped, so it is only ever the member itself.
std::string WithoutHugePlaces(std::string_view json) {
  constexpr std::string_view kNowhere = "\"query_location\":18446744073709551615";
  constexpr std::string_view kMinusOne = "\"query_location\":-1";
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const std::size_t next = json.find(kNowhere, at);
    out += json.substr(at, next - at);
    if (next == std::string_view::npos) break;
    out += kMinusOne;
    at = next + kNowhere.size();
  }
  return out;
}

// The engine parses whatever it can run, and then says that it writes down no statement of another kind.
constexpr std::string_view kOtherStatement = "Only SELECT statements can be serialized";

void AddSyntaxFinding(const SyntaxError& error, Findings& findings) {
  if (error.message.find(kOtherStatement) != std::string::npos) {
    findings.Add({"R01", findings.Whole(), "Only SELECT is admitted; this is another statement."});
    return;
  }
  const TextRange range =
      error.position ? findings.Token(static_cast<std::int64_t>(*error.position)) : findings.Whole();
  findings.Add({"R01", range, "Not one SELECT that can be read: " + error.message});
}

}  // namespace

std::optional<ParsedQuery> ParsedQuery::Parse(const ParseInput& input, const StatementTree& tree, Findings& findings) {
  if (tree.syntax_error) {
    AddSyntaxFinding(*tree.syntax_error, findings);
    return std::nullopt;
  }
  auto json = codec::ParseJson(WithoutHugePlaces(tree.json), {.bytes_max = kTreeBytesMax, .depth_max = kTreeDepthMax});
  const codec::JsonObject* root = json ? json->if_object() : nullptr;
  const codec::Json* statements = root != nullptr ? root->if_contains("statements") : nullptr;
  if (statements == nullptr || !statements->is_array() || !root->contains("error") || root->at("error") != false) {
    findings.Add(
        {"R23", findings.Whole(), "The query is too deep, or holds a number of more than 15 digits; simplify it."});
    return std::nullopt;
  }
  if (statements->get_array().size() != 1) {
    findings.Add({"R01", findings.Whole(), "Send exactly one SELECT."});
    return std::nullopt;
  }
  ParseContext context{findings, *input.parameters};
  auto select = ParseStatement(statements->get_array()[0], context);
  if (!select || !findings.empty()) {
    if (findings.empty()) findings.Add({"R01", findings.Whole(), "Only a plain SELECT is admitted."});
    return std::nullopt;
  }
  return ParsedQuery(std::move(select));
}

}  // namespace cloister::sql
