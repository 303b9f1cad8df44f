#pragma once

// The system calls that are left inside the sandbox, and how: the one list that is to be reviewed when the
// engine, the C library or the channel changes.

#include "base/result.h"

namespace cloister::tee {

// Loads the filter into all threads of the process, and all it will ever start. A call that is not listed
// answers EPERM; clone3 answers ENOSYS, so that the C library starts threads by clone, whose flags a filter
// can read; a call by another architecture's numbers ends the process. Needs no_new_privs.
Status FilterSystemCalls();

}  // namespace cloister::tee
