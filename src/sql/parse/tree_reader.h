#pragma once

// Reads the serialised tree node by node. The rule everywhere: the exact set of members of a node class is known, and
// a member that is not, or one with a value nobody asked for, refuses the query. So no feature of the engine's grammar
// slips through because our reader did not look at it.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "codec/ascii.h"
#include "codec/json.h"
#include "sql/findings.h"
#include "sql/parse/parsed_query.h"

namespace cloister::sql {

// State of one parse.
struct ParseContext {
  Findings& findings;
  const std::map<std::string, codec::Json>& parameters;
  std::size_t nodes = 0;
  int depth = 0;

  // Counts a node; false (with an R23 finding) when the query has grown too big.
  bool Enter();
  void Leave() { --depth; }
};

class TreeReader {
 public:
  TreeReader(const codec::Json& node, ParseContext& context);

  // Each marks the member as read. A member that is absent or has another type refuses the query.
  std::string String(std::string_view name);
  bool Bool(std::string_view name);
  std::int64_t Integer(std::string_view name);
  const codec::JsonArray& Array(std::string_view name);
  const codec::Json& Any(std::string_view name);
  // The member must have this value; anything else refuses with the rule and sentence.
  void Expect(std::string_view name, const codec::Json& value, std::string_view rule, std::string_view sentence);
  // Reads the member away without looking: its value changes nothing we print.
  void Ignore(std::string_view name) { taken_.insert(std::string(name)); }

  // The node cannot be what we know: Finish() will refuse it.
  void Break() { broken_ = true; }

  // The node's place: its token.
  TextRange Range();
  // False, with a finding, when there is a member nobody read, or a read one was not as it should be.
  bool Finish(TextRange range);

 private:
  const codec::Json* Take(std::string_view name);

  const codec::JsonObject* object_ = nullptr;
  ParseContext& context_;
  std::size_t findings_before_;
  std::set<std::string, std::less<>> taken_;
  bool broken_ = false;
};

// Null, or nothing: `context.findings` says why.
ExprPtr ParseExpression(const codec::Json& node, ParseContext& context);
// The expression of an optional member: null stays null and is no finding.
ExprPtr ParseOptionalExpression(const codec::Json& node, ParseContext& context);
std::vector<ExprPtr> ParseExpressions(const codec::JsonArray& nodes, ParseContext& context);
std::vector<OrderItem> ParseOrders(const codec::JsonArray& orders, ParseContext& context);
ExprPtr ParseWindow(const codec::Json& node, ParseContext& context);
// {"type": {...}, "is_null": ..., "value": ...}
std::optional<Literal> ParseValue(const codec::Json& value, ParseContext& context, TextRange range);
std::optional<Type> ParseType(const codec::Json& type, ParseContext& context, TextRange range);
ParsedFrom ParseFrom(const codec::Json& node, ParseContext& context);
std::shared_ptr<const ParsedSelect> ParseSelect(const codec::Json& node, ParseContext& context);
// {"node": ..., "named_param_map": []}
std::shared_ptr<const ParsedSelect> ParseStatement(const codec::Json& statement, ParseContext& context);

// The smallest range that holds both; an empty one counts for nothing.
TextRange Cover(TextRange a, TextRange b);
using codec::LowerCase;

}  // namespace cloister::sql
