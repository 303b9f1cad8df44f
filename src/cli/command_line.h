#pragma once

// argv into an Invocation. The only file of this room that knows the library that parses flags, because that library
// costs seconds per translation unit.

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

}  // namespace cloister::cli
