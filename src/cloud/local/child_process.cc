#include "cloud/local/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

// glibc 2.36 forgot to say that these are C functions.
extern "C" {
#include <sys/pidfd.h>
}

namespace cloister::cloud {
namespace {

constexpr int kChannelDescriptor = 3;
constexpr int kExitExecFailed = 127;

void Limit(decltype(RLIMIT_CORE) resource, std::int64_t value) {
  const rlimit limit{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  setrlimit(resource, &limit);
}

// Puts `from` at `to` and lets it live through exec.
bool Place(int from, int to) {
  if (from == to) return fcntl(to, F_SETFD, 0) == 0;
  return dup2(from, to) == to;
}

// Runs between fork and exec in a copy of a process with many threads: only async-signal-safe calls, no
// allocation.
[[noreturn]] void BecomeChild(const ChildOptions& options, char* const* argv, int null_fd) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  Limit(RLIMIT_CORE, 0);
  if (options.cpu_seconds_max > 0) Limit(RLIMIT_CPU, options.cpu_seconds_max);
  if (options.memory_bytes_max > 0) Limit(RLIMIT_AS, options.memory_bytes_max);
  if (!options.may_write_files) Limit(RLIMIT_FSIZE, 0);
  // Out of the way first: what stands at 0, 1 or 3 now may be one of those that go there.
  const int input = fcntl(options.standard_input >= 0 ? options.standard_input : null_fd, F_DUPFD_CLOEXEC, 10);
  const int output = fcntl(options.standard_output >= 0 ? options.standard_output : null_fd, F_DUPFD_CLOEXEC, 10);
  const int channel = options.channel >= 0 ? fcntl(options.channel, F_DUPFD_CLOEXEC, 10) : -1;
  bool placed = input >= 0 && output >= 0 && Place(input, STDIN_FILENO) && Place(output, STDOUT_FILENO);
  if (options.channel >= 0) placed = placed && channel >= 0 && Place(channel, kChannelDescriptor);
  const unsigned first_closed = options.channel >= 0 ? kChannelDescriptor + 1 : kChannelDescriptor;
  if (!placed || close_range(first_closed, ~0U, 0) != 0) _exit(kExitExecFailed);
  char* const no_environment[] = {nullptr};
  execve(options.program.c_str(), argv, no_environment);
  _exit(kExitExecFailed);
}

}  // namespace

Result<ChildProcess> ChildProcess::Start(const ChildOptions& options) {
  const Descriptor null_fd(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_fd.valid()) return Unavailable("a child process cannot be started");
  std::vector<std::string> words = {options.program};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return Unavailable("a child process cannot be started");
  if (pid == 0) BecomeChild(options, argv.data(), null_fd.get());
  Descriptor pidfd(pidfd_open(pid, 0));
  if (!pidfd.valid()) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return Unavailable("a child process cannot be watched");
  }
  return ChildProcess(pid, std::move(pidfd));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  Kill();
  Reap();
}

bool ChildProcess::running() const { return !WaitEnded(0); }

bool ChildProcess::WaitEnded(int timeout_ms) const {
  if (pid_ < 0) return true;
  pollfd waiting{pidfd_.get(), POLLIN, 0};
  return poll(&waiting, 1, timeout_ms) == 1;
}

int ChildProcess::Reap() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void ChildProcess::Kill() const { pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0); }

}  // namespace cloister::cloud
