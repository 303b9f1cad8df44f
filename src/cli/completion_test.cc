#include "cli/completion.h"

#include <gtest/gtest.h>

namespace cloister::cli {
namespace {

CommandNode Small() {
  CommandNode list{.name = "list", .help = "It's a list", .options = {}, .commands = {}};
  list.options.push_back({.names = {"--env", "-e"}, .help = "which", .takes_value = true});
  list.options.push_back({.names = {}, .help = "a file", .positional = "FILE"});
  CommandNode env{.name = "env", .help = "Environments", .options = {}, .commands = {list}};
  CommandNode root{.name = "cloister", .help = "", .options = {}, .commands = {env}};
  root.options.push_back({.names = {"--json"}, .help = "data as JSON"});
  return root;
}

TEST(Completion, BashKnowsThePathsAndWhichOptionsTakeAValue) {
  const std::string script = BashCompletion(Small());
  EXPECT_NE(script.find("    '') words='env --json' ;;\n"), std::string::npos) << script;
  EXPECT_NE(script.find("    'env list') words='--env -e' ;;\n"), std::string::npos) << script;
  EXPECT_NE(script.find("      --env|-e) ((i++)); continue ;;\n"), std::string::npos) << script;
}

TEST(Completion, WordsOfOthersStayInsideTheirQuotes) {
  const std::string script = FishCompletion(Small());
  EXPECT_NE(script.find("-a list -d 'It'\\''s a list'"), std::string::npos) << script;
  EXPECT_NE(script.find(" -l env -s e -r -d 'which'"), std::string::npos) << script;
  EXPECT_NE(script.find("contains -- $word --env -e; and set value 1"), std::string::npos) << script;
}

TEST(Completion, TheRealTreeHasEveryFamily) {
  const CommandNode root = DescribeCommandLine();
  for (const char* family :
       {"env", "dataset", "policy", "query", "result", "ledger", "catalogue", "webhook", "completion"}) {
    const auto named = [&](const CommandNode& node) { return node.name == family; };
    EXPECT_TRUE(std::any_of(root.commands.begin(), root.commands.end(), named)) << family;
  }
}

}  // namespace
}  // namespace cloister::cli
