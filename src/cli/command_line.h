#pragma once

// argv into an Invocation, and the tree of what can be typed.

#include <string>
#include <variant>
#include <vector>

#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace cloister::cli {

// Nothing to run: help or the version was asked for, or the flags are wrong.
struct CommandLineAnswer {
  ExitCode exit_code = ExitCode::kOk;
  std::string text;  // for standard output if kOk, else for standard error
};

// `arguments` without the program's name.
std::variant<Invocation, CommandLineAnswer> ParseCommandLine(const std::vector<std::string>& arguments);

// What the command line knows, as data: for completion scripts.
struct CommandOption {
  std::vector<std::string> names;  // "--env"; empty for a positional argument
  std::string help;
  bool takes_value = false;
  std::string positional = {};          // its name, such as FILE
  std::vector<std::string> words = {};  // the only values that it takes; empty: any
  bool takes_path = false;              // of a file or folder, by its own words
};
struct CommandNode {
  std::string name;
  std::string help;
  std::vector<CommandOption> options;
  std::vector<CommandNode> commands;
};
CommandNode DescribeCommandLine();

}  // namespace cloister::cli
