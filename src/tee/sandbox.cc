#include "tee/sandbox.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tee/landlock.h"
#include "tee/namespaces.h"
#include "tee/system_call_filter.h"

namespace cloister::tee {
namespace {

Error CannotEnter(const char* what) {
  return FailedPrecondition(std::string("the sandbox cannot be entered: ") + what + ": " +
                            std::strerror(errno));
}

Status CheckOneThread() {
  std::error_code problem;
  int threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", problem)) {
    (void)task;
    ++threads;
  }
  if (threads == 1) return {};
  return FailedPrecondition("the sandbox must be entered while the process has one thread, it has " +
                            std::to_string(threads) + " (0: /proc is not mounted)");
}

// What the process inherited or opened on its way here and no longer needs.
Status CloseAllBut(std::vector<int> kept) {
  kept.insert(kept.end(), {0, 1, 2});
  std::sort(kept.begin(), kept.end());
  unsigned first = 0;
  for (const int descriptor : kept) {
    const auto next = static_cast<unsigned>(descriptor);
    if (next > first && close_range(first, next - 1, 0) != 0) return CannotEnter("closing descriptors");
    first = next + 1;
  }
  if (close_range(first, ~0U, 0) != 0) return CannotEnter("closing descriptors");
  return {};
}

Status SilenceStandardStreams() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return CannotEnter("opening /dev/null");
  for (const int stream : {0, 1, 2}) {
    if (dup2(null, stream) < 0) return CannotEnter("silencing the standard streams");
  }
  close(null);
  return {};
}

// No core file, and nobody of the same user may read this memory or attach to it.
Status ForbidDumps() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return CannotEnter("no core files");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return CannotEnter("not dumpable");
  return {};
}

}  // namespace

Result<SandboxStatus> EnterSandbox(const SandboxOptions& options) {
  CLOISTER_TRY(CheckOneThread());
  CLOISTER_TRY(CloseAllBut(options.descriptors_kept));
  NamespaceOutcome namespaces = EnterNamespaces();
  CLOISTER_TRY(DropCapabilities());
  CLOISTER_TRY(ForbidDumps());
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return CannotEnter("no new privileges");
  if (options.standard_streams_to_null) CLOISTER_TRY(SilenceStandardStreams());
  CLOISTER_ASSIGN(const int landlock_abi, ForbidAllPaths());
  CLOISTER_TRY(FilterSystemCalls());
  return SandboxStatus{.landlock_abi = landlock_abi,
                       .namespaces = std::move(namespaces.entered),
                       .namespaces_not_allowed = std::move(namespaces.not_allowed)};
}

}  // namespace cloister::tee
