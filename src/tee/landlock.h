#pragma once

// Landlock by its system calls: Debian 12's header stops at the kernel of 2022, so newer rights are named
// here and masked by what the running kernel states (Documentation/userspace-api/landlock.rst).

#include "base/result.h"

namespace cloister::tee {

// Takes every right that Landlock can take from the calling thread and those it will start: no path may be
// opened, no TCP port bound or connected, no abstract socket or process outside reached. Needs no_new_privs.
// Returns the kernel's ABI.
Result<int> ForbidAllPaths();

}  // namespace cloister::tee
