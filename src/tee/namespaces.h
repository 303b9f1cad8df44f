#pragma once

// Leaving the host's network, users, IPC objects and host name behind, as far as the host allows.

#include <string>
#include <vector>

#include "base/result.h"

namespace cloister::tee {

struct NamespaceOutcome {
  std::vector<std::string> entered;      // "user", "net", "ipc", "uts"
  std::vector<std::string> not_allowed;  // "net (EPERM)"
};

// Needs a process with one thread. An unprivileged process gets the others only through a user namespace of
// its own.
NamespaceOutcome EnterNamespaces();

// Gives up every capability, also those that the new user namespace gave.
Status DropCapabilities();

}  // namespace cloister::tee
