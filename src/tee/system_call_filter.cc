#include "tee/system_call_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace cloister::tee {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// Allowed whatever the arguments: they work on this process's memory, threads, clocks and open descriptors.
constexpr int kAllowed[] = {
    // memory; executable mappings are refused below
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mincore),
    SCMP_SYS(mlock),
    SCMP_SYS(mlock2),
    SCMP_SYS(munlock),
    SCMP_SYS(msync),
    // threads of this process; starting one is decided below by its flags
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(membarrier),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(getcpu),
    // its signals
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    // time and facts
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(times),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(getpid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrandom),
    // open descriptors; the channel among them
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fsync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    // looking at a path; Landlock decides about opening it
    SCMP_SYS(fstat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
};

struct ArgumentRule {
  int call;
  scmp_arg_cmp argument;
};

// libseccomp's own macros for these are C, not C++.
scmp_arg_cmp Equal(unsigned argument, scmp_datum_t value) {
  return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}
scmp_arg_cmp Masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
  return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

// Allowed when one argument is as it should be.
std::vector<ArgumentRule> ArgumentRules() {
  constexpr scmp_datum_t kAnyNamespace = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS |
                                         CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;
  constexpr scmp_datum_t kOpensForChange = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  const auto own_process = static_cast<scmp_datum_t>(getpid());
  return {
      // A thread, never a process.
      {SCMP_SYS(clone), Masked(0, CLONE_THREAD | kAnyNamespace, CLONE_THREAD)},
      // No memory is both written and run: code that a hostile file might smuggle in stays data.
      {SCMP_SYS(mmap), Masked(2, PROT_EXEC, 0)},
      {SCMP_SYS(mprotect), Masked(2, PROT_EXEC, 0)},
      {SCMP_SYS(open), Masked(1, kOpensForChange, 0)},
      {SCMP_SYS(openat), Masked(2, kOpensForChange, 0)},
      // abort() sends its signal so; there is no other process to send one to.
      {SCMP_SYS(tgkill), Equal(0, own_process)},
      {SCMP_SYS(prctl), Equal(0, PR_SET_NAME)},
      {SCMP_SYS(prctl), Equal(0, PR_GET_NAME)},
      // Asking for limits, not setting them.
      {SCMP_SYS(prlimit64), Equal(2, 0)},
      {SCMP_SYS(fcntl), Equal(1, F_GETFL)},
      {SCMP_SYS(fcntl), Equal(1, F_GETFD)},
      {SCMP_SYS(fcntl), Equal(1, F_SETFD)},
      {SCMP_SYS(fcntl), Equal(1, F_SETFL)},
      // "Is this a terminal?"
      {SCMP_SYS(ioctl), Equal(1, TCGETS)},
  };
}

Error NotLoaded(const char* what, int code) {
  return FailedPrecondition(std::string("the system call filter cannot be loaded (") + what + ": " +
                            std::strerror(-code) + "); start on a kernel with seccomp filters");
}

Status AddRules(scmp_filter_ctx filter) {
  for (const int call : kAllowed) {
    if (const int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0); code != 0)
      return NotLoaded("allow", code);
  }
  for (const ArgumentRule& rule : ArgumentRules()) {
    const int code = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule.call, 1, &rule.argument);
    if (code != 0) return NotLoaded("argument", code);
  }
  if (const int code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0); code != 0) {
    return NotLoaded("clone3", code);
  }
  return {};
}

}  // namespace

Status FilterSystemCalls() {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (filter == nullptr) return NotLoaded("init", -ENOMEM);
  if (const int code = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); code != 0) {
    return NotLoaded("all threads", code);
  }
  // A binary tree over the numbers instead of one long list: each call passes a few comparisons.
  if (const int code = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2); code != 0) {
    return NotLoaded("order", code);
  }
  CLOISTER_TRY(AddRules(filter.get()));
  if (const int code = seccomp_load(filter.get()); code != 0) return NotLoaded("load", code);
  return {};
}

}  // namespace cloister::tee
