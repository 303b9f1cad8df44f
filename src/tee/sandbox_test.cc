#include "tee/sandbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

// A sanitizer's runtime reads files, maps memory and traces the process, which the sandbox forbids on
// purpose.
#ifdef CLOISTER_SANITIZED
#define SKIP_UNDER_SANITIZERS() GTEST_SKIP() << "a sanitizer's runtime does not survive the sandbox"
#else
#define SKIP_UNDER_SANITIZERS() static_assert(true)
#endif

namespace cloister::tee {
namespace {

// Runs `inside` in a forked child, with a socketpair between the two.
class Child {
 public:
  explicit Child(const std::function<void(int channel)>& inside) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      inside(ends[1]);
      _exit(0);
    }
    close(ends[1]);
    channel_ = ends[0];
  }
  ~Child() {
    close(channel_);
    if (pid_ > 0) Wait();
  }

  std::string ReadSome() const {
    std::array<char, 4096> buffer{};
    const ssize_t count = recv(channel_, buffer.data(), buffer.size(), 0);
    return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }
  std::string ReadAll() const {
    std::string all;
    for (std::string some = ReadSome(); !some.empty(); some = ReadSome()) all += some;
    return all;
  }
  void Send(const std::string& text) const {
    EXPECT_EQ(send(channel_, text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
  }
  pid_t pid() const { return pid_; }
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  int channel_ = -1;
};

void Say(int channel, const std::string& text) {
  iovec part{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  (void)!sendmsg(channel, &message, MSG_NOSIGNAL);
}

void EnterOrSayWhy(int channel) {
  auto status = EnterSandbox({.descriptors_kept = {channel}});
  if (status) return;
  Say(channel, "not entered: " + status.error().public_message);
  _exit(1);
}

struct Attempt {
  const char* name;
  std::function<long()> call;
};

// Each of these must fail: with EPERM by the filter, or EACCES by Landlock.
std::array<char, 4096> scratch;

std::vector<Attempt> WaysToTheNetworkAndFiles() {
  static sockaddr_in address{};
  return {
      {"socket", [] { return socket(AF_INET, SOCK_STREAM, 0); }},
      {"socket unix", [] { return socket(AF_UNIX, SOCK_STREAM, 0); }},
      {"socketpair",
       [] {
         int ends[2];
         return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
       }},
      {"connect", [] { return connect(0, reinterpret_cast<sockaddr*>(&address), sizeof address); }},
      {"bind", [] { return bind(0, reinterpret_cast<sockaddr*>(&address), sizeof address); }},
      {"sendto", [] { return sendto(0, scratch.data(), 1, 0, nullptr, 0); }},
      {"recvfrom", [] { return recvfrom(0, scratch.data(), 1, MSG_DONTWAIT, nullptr, nullptr); }},
      {"open passwd", [] { return open("/etc/passwd", O_RDONLY); }},
      {"open proc maps", [] { return open("/proc/self/maps", O_RDONLY); }},
      {"open directory", [] { return open("/", O_RDONLY | O_DIRECTORY); }},
      {"open for writing", [] { return open("/tmp/cloister_sandbox_test", O_WRONLY | O_CREAT, 0600); }},
      {"open device", [] { return open("/dev/null", O_RDWR); }},
      {"open own memory", [] { return open("/proc/self/mem", O_RDWR); }},
      {"openat2",
       [] {
         std::array<std::uint64_t, 3> how{};
         return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how.data(), 24);
       }},
      {"open_by_handle", [] { return syscall(SYS_open_by_handle_at, -1, scratch.data(), 0); }},
      {"unlink", [] { return unlink("/tmp/cloister_sandbox_test"); }},
      {"rename", [] { return rename("/tmp/a", "/tmp/b"); }},
      {"mkdir", [] { return mkdir("/tmp/cloister_sandbox_dir", 0700); }},
      {"chdir", [] { return chdir("/tmp"); }},
  };
}

std::vector<Attempt> WaysToOtherProcesses() {
  return {
      {"fork", [] { return syscall(SYS_fork); }},
      {"vfork", [] { return syscall(SYS_clone, CLONE_VFORK | SIGCHLD, nullptr, nullptr, nullptr, nullptr); }},
      {"clone process", [] { return syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); }},
      {"clone namespace",
       [] {
         return syscall(SYS_clone, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_NEWNS, nullptr, nullptr,
                        nullptr, nullptr);
       }},
      {"execve", [] { return execl("/bin/true", "true", nullptr); }},
      {"execveat", [] { return syscall(SYS_execveat, 0, "", nullptr, nullptr, AT_EMPTY_PATH); }},
      {"ptrace", [] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
      {"process_vm_readv",
       [] {
         iovec part{scratch.data(), 8};
         return syscall(SYS_process_vm_readv, getppid(), &part, 1, &part, 1, 0);
       }},
      {"process_vm_writev",
       [] {
         iovec part{scratch.data(), 8};
         return syscall(SYS_process_vm_writev, getppid(), &part, 1, &part, 1, 0);
       }},
      {"kill", [] { return kill(1, 0); }},
      {"kill own", [] { return kill(getpid(), 0); }},
      {"tgkill other", [] { return syscall(SYS_tgkill, 1, 1, 0); }},
      {"pidfd_open", [] { return syscall(SYS_pidfd_open, 1, 0); }},
  };
}

std::vector<Attempt> WaysToTheKernel() {
  static union bpf_attr bpf {};
  return {
      {"mount", [] { return mount("none", "/tmp", "tmpfs", 0, nullptr); }},
      {"pivot_root", [] { return syscall(SYS_pivot_root, "/", "/"); }},
      {"chroot", [] { return chroot("/"); }},
      {"unshare", [] { return unshare(CLONE_NEWNS); }},
      {"setns", [] { return setns(0, 0); }},
      {"bpf", [] { return syscall(SYS_bpf, BPF_PROG_LOAD, &bpf, sizeof bpf); }},
      {"perf_event_open", [] { return syscall(SYS_perf_event_open, scratch.data(), 0, -1, -1, 0); }},
      {"io_uring_setup", [] { return syscall(SYS_io_uring_setup, 1, scratch.data()); }},
      {"userfaultfd", [] { return syscall(SYS_userfaultfd, 0); }},
      {"keyctl", [] { return syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
      {"memfd_create", [] { return memfd_create("x", 0); }},
      {"shmget", [] { return syscall(SYS_shmget, 1, 4096, 0); }},
      {"mq_open", [] { return syscall(SYS_mq_open, "x", 0, 0, nullptr); }},
      {"splice", [] { return syscall(SYS_splice, 0, nullptr, 1, nullptr, 1, 0); }},
      {"dup2", [] { return dup2(1, 9); }},
      {"setrlimit",
       [] {
         rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
         return setrlimit(RLIMIT_CORE, &limit);
       }},
      {"dumpable again", [] { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
      {"setuid", [] { return syscall(SYS_setuid, 0); }},
      {"seccomp", [] { return syscall(SYS_seccomp, 0, 0, nullptr); }},
      {"landlock", [] { return syscall(SYS_landlock_create_ruleset, nullptr, 0, 1); }},
      {"executable memory",
       [] {
         return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                    ? -1L
                    : 0L;
       }},
      {"making memory executable",
       [] { return syscall(SYS_mprotect, scratch.data(), 0, PROT_READ | PROT_EXEC); }},
      {"typing into a terminal", [] { return syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, scratch.data()); }},
      {"reboot", [] { return syscall(SYS_reboot, 0, 0, 0, nullptr); }},
      {"init_module", [] { return syscall(SYS_init_module, scratch.data(), 0, ""); }},
      {"settimeofday", [] { return syscall(SYS_settimeofday, nullptr, nullptr); }},
  };
}

TEST(Sandbox, RefusesEveryWayOut) {
  SKIP_UNDER_SANITIZERS();
  Child child([](int channel) {
    std::vector<Attempt> attempts = WaysToTheNetworkAndFiles();
    for (auto& more : {WaysToOtherProcesses(), WaysToTheKernel()})
      attempts.insert(attempts.end(), more.begin(), more.end());
    EnterOrSayWhy(channel);
    for (const Attempt& attempt : attempts) {
      errno = 0;
      const long result = attempt.call();
      const bool refused = result < 0 && (errno == EPERM || errno == EACCES);
      if (!refused)
        Say(channel, std::string(attempt.name) + " gave " + std::to_string(result) + " errno " +
                         std::to_string(errno) + "\n");
    }
    Say(channel, "done");
  });
  EXPECT_EQ(child.ReadAll(), "done");
  EXPECT_EQ(child.Wait(), 0);
}

TEST(Sandbox, LeavesTheChannelAndItsOwnThreads) {
  SKIP_UNDER_SANITIZERS();
  Child child([](int channel) {
    EnterOrSayWhy(channel);
    std::array<char, 16> buffer{};
    const ssize_t count = read(channel, buffer.data(), buffer.size());  // recv() would be recvfrom
    std::string answer;
    std::thread([&] { answer.assign(buffer.data(), static_cast<std::size_t>(count)); }).join();
    Say(channel, answer + " heard");
  });
  child.Send("ping");
  EXPECT_EQ(child.ReadAll(), "ping heard");
}

TEST(Sandbox, OpensAMemoryFileByItsPathForReadingOnly) {
  SKIP_UNDER_SANITIZERS();
  Child child([](int channel) {
    const int file = memfd_create("x", 0);
    (void)!write(file, "abc", 3);
    if (!EnterSandbox({.descriptors_kept = {channel, file}})) _exit(1);
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    std::array<char, 8> buffer{};
    const ssize_t count = read(open(path.c_str(), O_RDONLY), buffer.data(), buffer.size());
    const bool writable = open(path.c_str(), O_RDWR) >= 0;
    Say(channel, std::to_string(count) + (writable ? " writable" : " read only"));
  });
  EXPECT_EQ(child.ReadAll(), "3 read only");
}

// Whatever a library prints about what it holds, nobody reads.
TEST(Sandbox, LeadsTheStandardStreamsNowhere) {
  SKIP_UNDER_SANITIZERS();
  Child child([](int channel) {
    auto status = EnterSandbox({.descriptors_kept = {channel}, .standard_streams_to_null = true});
    if (!status) _exit(1);
    std::string devices;
    for (const int stream : {0, 1, 2}) {
      struct stat info {};
      const bool null = fstat(stream, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
      devices += null ? "null " : "open ";
    }
    Say(channel, devices);
  });
  EXPECT_EQ(child.ReadAll(), "null null null ");
}

TEST(Sandbox, ClosesWhatIsNotKept) {
  SKIP_UNDER_SANITIZERS();
  const int inherited = open("/etc/passwd", O_RDONLY);
  Child child([&](int channel) {
    EnterOrSayWhy(channel);
    std::array<char, 8> buffer{};
    Say(channel, read(inherited, buffer.data(), buffer.size()) < 0 && errno == EBADF ? "closed" : "open");
  });
  close(inherited);
  EXPECT_EQ(child.ReadAll(), "closed");
}

// What another process sees of the child: its threads' "Seccomp:" and "NoNewPrivs:" lines.
std::vector<std::string> StatusLines(pid_t pid, const std::string& field) {
  std::vector<std::string> lines;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(field + ":")) lines.push_back(line.substr(line.find_last_of(" \t") + 1));
    }
  }
  return lines;
}

TEST(Sandbox, EveryThreadIsInsideAndNoneHasACapability) {
  SKIP_UNDER_SANITIZERS();
  Child child([](int channel) {
    EnterOrSayWhy(channel);
    std::array<char, 1> go{};
    std::thread other([&] { Say(channel, "ready"); (void)!read(channel, go.data(), 1); });
    other.join();
  });
  ASSERT_EQ(child.ReadSome(), "ready");
  using testing::Each;
  const auto filters = StatusLines(child.pid(), "Seccomp");
  EXPECT_EQ(filters.size(), 2u);
  EXPECT_THAT(filters, Each("2"));
  EXPECT_THAT(StatusLines(child.pid(), "NoNewPrivs"), Each("1"));
  EXPECT_THAT(StatusLines(child.pid(), "CapEff"), Each("0000000000000000"));
  EXPECT_THAT(StatusLines(child.pid(), "CapPrm"), Each("0000000000000000"));
  child.Send("x");
}

TEST(Sandbox, SaysWhichNamespacesHold) {
  SKIP_UNDER_SANITIZERS();
  Child child([](int channel) {
    auto status = EnterSandbox({.descriptors_kept = {channel}});
    if (!status) _exit(1);
    Say(channel, std::to_string(status->landlock_abi > 0) +
                     std::to_string(status->namespaces.size() + status->namespaces_not_allowed.size()));
  });
  EXPECT_EQ(child.ReadAll(), "14");
}

TEST(Sandbox, IsNotEnteredWithASecondThread) {
  SKIP_UNDER_SANITIZERS();
  Child child([](int channel) {
    std::thread other([&] { std::array<char, 1> go{}; (void)!recv(channel, go.data(), 1, 0); });
    auto status = EnterSandbox({.descriptors_kept = {channel}});
    Say(channel, status ? "entered" : status.error().public_message);
    other.join();
  });
  EXPECT_THAT(child.ReadSome(), testing::HasSubstr("one thread"));
  child.Send("x");
}

}  // namespace
}  // namespace cloister::tee
