#pragma once

// Completion scripts for shells, written out of the tree of commands: what can be typed and what is offered cannot
// differ.

#include <string>

#include "cli/command_line.h"

namespace cloister::cli {

std::string BashCompletion(const CommandNode& root);
std::string ZshCompletion(const CommandNode& root);
std::string FishCompletion(const CommandNode& root);

}  // namespace cloister::cli
