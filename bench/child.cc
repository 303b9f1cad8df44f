#include "child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "base/clock.h"

namespace cloister::bench {
namespace {

constexpr std::size_t kErrorBytesMax = 4096;

// The last ones, because the first is where most interrupts go.
std::optional<cpu_set_t> LastCores(int count) {
  cpu_set_t ours;
  if (sched_getaffinity(0, sizeof(ours), &ours) != 0) return std::nullopt;
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (int core = CPU_SETSIZE - 1; core >= 0 && CPU_COUNT(&chosen) < count; --core) {
    if (CPU_ISSET(core, &ours)) CPU_SET(core, &chosen);
  }
  if (CPU_COUNT(&chosen) < count) return std::nullopt;
  return chosen;
}

struct ChildFiles {
  int output = -1;
  int errors = -1;
};

constexpr sched_param kLowestRealTime{.sched_priority = 1};

// Between fork and exec: only what may be called there.
[[noreturn]] void BecomeChild(const cpu_set_t& cores, bool undisturbed, ChildFiles files, char* const* argv,
                              char* const* environment) {
  if (undisturbed) (void)sched_setscheduler(0, SCHED_FIFO, &kLowestRealTime);
  if (sched_setaffinity(0, sizeof(cores), &cores) != 0 || dup2(files.output, STDOUT_FILENO) < 0 ||
      dup2(files.errors, STDERR_FILENO) < 0) {
    _exit(126);
  }
  execvpe(argv[0], argv, environment);
  _exit(127);
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string ReadToEnd(int fd) {
  std::string text;
  std::array<char, 1024> buffer;
  for (ssize_t count = 0; (count = read(fd, buffer.data(), buffer.size())) > 0;) {
    if (text.size() < kErrorBytesMax) text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

Result<Cost> RunChild(const Command& command) {
  const auto cores = LastCores(command.cores);
  if (!cores) return FailedPrecondition("needs " + std::to_string(command.cores) + " cores");
  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> environment = command.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  const auto argv = Pointers(arguments);
  const auto envp = Pointers(environment);
  // A real-time program may use 95 of 100 ms; a rest before it keeps that from counting against whoever comes
  // second.
  if (command.undisturbed) std::this_thread::sleep_for(std::chrono::seconds(1));
  int errors[2];
  if (pipe2(errors, O_CLOEXEC) != 0) return Unavailable("no pipe");
  const int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const SystemClock clock;
  const std::int64_t begin_ms = clock.MonotonicMs();
  const pid_t child = fork();
  if (child == 0) {
    BecomeChild(*cores, command.undisturbed,
                {.output = command.output_fd < 0 ? null_fd : command.output_fd, .errors = errors[1]},
                argv.data(), envp.data());
  }
  close(errors[1]);
  close(null_fd);
  Cost cost{.errors = ReadToEnd(errors[0])};
  close(errors[0]);
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return Unavailable("no child process");
  cost.wall_s = static_cast<double>(clock.MonotonicMs() - begin_ms) / 1000;
  cost.cpu_s = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Unavailable(command.argv[0] + " failed: " + cost.errors);
  }
  return cost;
}

std::uint64_t PeakMemoryKib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib;
  }
  return 0;
}

std::string SelfPath() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

}  // namespace cloister::bench
