// Any text gives a tree or a syntax error whose place lies in the text, and the parser lives on.
#include "base/bytes.h"
#include "base/check.h"
#include "engine/statement_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  static const auto parser = engine::DuckDbStatementParser::Open().value();
  const auto tree = parser->Serialize(AsText({data, size}));
  if (!tree) return 0;
  CLOISTER_CHECK(tree->json.empty() == tree->syntax_error.has_value());
  if (tree->syntax_error && tree->syntax_error->position)
    CLOISTER_CHECK(*tree->syntax_error->position <= size);
  return 0;
}
