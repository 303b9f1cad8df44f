#include "cli/completion.h"

#include <gtest/gtest.h>

namespace cloister::cli {
namespace {

CommandNode Small() {
  CommandNode list{.name = "list", .help = "It's a list", .options = {}, .commands = {}};
  list.options.push_back({.names = {"--env", "-e"}, .help = "which", .takes_value = true});
  list.options.push_back({.names = {}, .help = "a file", .positional = "FILE", .takes_path = true});
  CommandNode env{.name = "env", .help = "Environments", .options = {}, .commands = {list}};
  CommandNode root{.name = "cloister", .help = "", .options = {}, .commands = {env}};
  root.options.push_back({.names = {"--json"}, .help = "data as JSON"});
  env.commands[0].options.push_back(
      {.names = {"--form"}, .help = "how", .takes_value = true, .words = {"long", "short"}});
  root.commands = {env};
  return root;
}

TEST(Completion, BashKnowsThePathsAndWhichOptionsTakeAValue) {
  const std::string script = BashCompletion(Small());
  EXPECT_NE(script.find("    '') words='env' ;;\n"), std::string::npos) << script;
  EXPECT_NE(script.find("    'env list') words='--env -e --form' ;;\n"), std::string::npos) << script;
  EXPECT_NE(script.find("      --env|--form|-e) ((i++));"), std::string::npos) << script;
}

TEST(Completion, WordsOfOthersStayInsideTheirQuotes) {
  const std::string script = FishCompletion(Small());
  EXPECT_NE(script.find("-a list -d 'It'\\''s a list'"), std::string::npos) << script;
  EXPECT_NE(script.find(" -l env -s e -x -d 'which'"), std::string::npos) << script;
  EXPECT_NE(script.find("contains -- $word --env --form -e; and set value 1"), std::string::npos) << script;
}

TEST(Completion, AnOptionOfWordsOffersThemAndNoFiles) {
  EXPECT_NE(BashCompletion(Small()).find("    'env list --form') words='long short' ;;\n"), std::string::npos);
  EXPECT_NE(ZshCompletion(Small()).find("    'env list --form') found='long short' ;;\n"), std::string::npos);
  EXPECT_NE(FishCompletion(Small()).find(" -l form -x -a 'long short' -d 'how'"), std::string::npos);
}

TEST(Completion, FilesAreOfferedWhereAPathIsTaken) {
  EXPECT_NE(BashCompletion(Small()).find("    'env list') mapfile"), std::string::npos);
  EXPECT_EQ(BashCompletion(Small()).find("' --env') mapfile"), std::string::npos);
  EXPECT_NE(FishCompletion(Small()).find("\"env\"' -f\n"), std::string::npos) << FishCompletion(Small());
  EXPECT_EQ(FishCompletion(Small()).find("\"env list\"' -f\n"), std::string::npos);
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
