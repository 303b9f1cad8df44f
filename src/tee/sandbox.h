#pragma once

// The cage around the process that holds plaintext: no network, no files, no other processes, no way back.
//
// Two walls are mandatory, and without either there is no start: a seccomp filter (only the listed system
// calls; the rest answers EPERM, clone3 answers ENOSYS so that the C library falls back to clone, whose flags
// can be filtered) and an empty Landlock ruleset (no path may be opened, whatever its permission bits).
// Around them stand no_new_privs, no core files, not dumpable, and empty user, network, IPC and UTS
// namespaces as far as the host allows; one that it does not allow is named in the status, for the appraisal
// to show.
//
// Order, and why (each step was seen to fail in another order):
//   1. open DuckDB with one thread          it reads /proc and /sys once; under Landlock it would abort
//   2. EnterSandbox                         seccomp and Landlock act on the calling thread; TSYNC extends
//                                           the former to others, nothing the latter: so one thread only
//   3. DuckDB: threads=N, limits, lock      worker threads are born inside and inherit both walls
//
// What stays possible: memory, threads, futexes, read, write, sendmsg and recvmsg on file descriptors that
// are already open (the channel), and opening `/proc/self/fd/N` of a memfd for reading, which is how DuckDB
// reads Parquet.

#include <string>
#include <vector>

#include "base/result.h"

namespace cloister::tee {

struct SandboxOptions {
  // Descriptors that stay open besides 0, 1 and 2; every other one is closed. Typically the channel and the
  // memfds.
  std::vector<int> descriptors_kept;
  // 0, 1 and 2 lead to /dev/null from then on: for whoever speaks through a channel alone. A library that prints then
  // prints nothing.
  bool standard_streams_to_null = false;
};

struct SandboxStatus {
  int landlock_abi = 0;                                // as the kernel states it
  std::vector<std::string> namespaces;                 // entered: "user", "net", "ipc", "uts"
  std::vector<std::string> namespaces_not_allowed;     // the host refused: "user (EPERM)"
};

// Irreversible for the process. Must be called while the process has exactly one thread; kFailedPrecondition
// names what is missing (a second thread, a kernel without Landlock or seccomp), and then the caller must not
// go on with data: the process may be half inside.
Result<SandboxStatus> EnterSandbox(const SandboxOptions& options);

}  // namespace cloister::tee
