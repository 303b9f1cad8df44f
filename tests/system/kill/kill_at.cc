// Loaded before libc by mortal.py (LD_PRELOAD) and by nothing else: ends cloisterd, or its enclaves, right before
// the N-th step after which something would be half done: a write, a rename, a flush, a frame that is sent, and one of
// which a piece was heard. An enclave has no files: what it does is what it hears and says. No part of the product.
//
//   CLOISTER_KILL_ARMED       counting begins when this file is there
//   CLOISTER_KILL_SERVER_AT   N, from 1: this process ends before its N-th step; 0: it does not
//   CLOISTER_KILL_ENCLAVE_AT  "N,N,...": its enclaves end before those frames
//   CLOISTER_KILL_STEPS       a file that gets a letter for each step: w write, p write at a place, s flush, r rename,
//                             u removal, f frame that is sent, h piece of a frame that was heard
//   CLOISTER_KILL_LOG         a file that gets a line for each kill, "server N" or "enclave N"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace {

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

enum class Kind : char {
  kWrite = 'w',
  kWriteAt = 'p',
  kFlush = 's',
  kRename = 'r',
  kRemoval = 'u',
  kSent = 'f',
  kHeard = 'h',
};

std::mutex g_mutex;  // so that the letters stand in the order of the steps
long g_steps = 0;
long g_frames = 0;
std::atomic<bool> g_armed{false};

bool Armed() {
  static const char* const file = std::getenv("CLOISTER_KILL_ARMED");
  if (file == nullptr) return false;
  if (!g_armed && access(file, F_OK) == 0) g_armed = true;
  return g_armed;
}

void Put(const char* path, int flags, const char* text) {
  static const auto real_write = Next<ssize_t (*)(int, const void*, size_t)>("write");
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (file < 0) return;
  (void)!real_write(file, text, std::strlen(text));
  close(file);
}

void Note(Kind kind) {
  static const char* const path = std::getenv("CLOISTER_KILL_STEPS");
  const char text[2] = {static_cast<char>(kind), '\0'};
  if (path != nullptr) Put(path, O_APPEND, text);
}

void Log(const char* whom, long moment) {
  static const char* const path = std::getenv("CLOISTER_KILL_LOG");
  if (path == nullptr) return;
  char text[64];
  std::snprintf(text, sizeof text, "%s %ld\n", whom, moment);
  Put(path, O_APPEND, text);
}

// Whether `moment` is one of the numbers of "3,17".
bool IsAmong(const char* numbers, long moment) {
  while (numbers != nullptr && *numbers != '\0') {
    char* end = nullptr;
    if (std::strtol(numbers, &end, 10) == moment) return true;
    numbers = *end == ',' ? end + 1 : nullptr;
  }
  return false;
}

void KillEnclaves() {
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return;
  while (const dirent* each = readdir(folder)) {
    const int pid = std::atoi(each->d_name);
    if (pid <= 0) continue;
    char path[64], comm[64] = {};
    std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE* file = std::fopen(path, "r");
    if (file == nullptr) continue;
    int parent = 0;
    const bool read = std::fscanf(file, "%*d (%63[^)]) %*c %d", comm, &parent) == 2;
    std::fclose(file);
    if (read && parent == getpid() && std::strncmp(comm, "cloister-enclav", 15) == 0) kill(pid, SIGKILL);
  }
  closedir(folder);
}

void Step(Kind kind) {
  static const char* const server_text = std::getenv("CLOISTER_KILL_SERVER_AT");
  static const char* const enclave_text = std::getenv("CLOISTER_KILL_ENCLAVE_AT");
  static const long server_at = server_text != nullptr ? std::atol(server_text) : 0;
  if (!Armed()) return;
  const std::scoped_lock lock(g_mutex);
  const long steps = ++g_steps;
  const bool is_frame = kind == Kind::kSent || kind == Kind::kHeard;
  if (is_frame) ++g_frames;
  Note(kind);
  if (is_frame && IsAmong(enclave_text, g_frames)) {
    Log("enclave", g_frames);
    KillEnclaves();
  }
  if (steps == server_at) {
    Log("server", steps);
    kill(getpid(), SIGKILL);
  }
}

// Standard output and error are the test's own, and TCP leaves nothing half done that is not done already.
void StepOn(int fd) {
  if (fd <= 2) return;
  int domain = 0;
  socklen_t size = sizeof domain;
  const bool is_socket = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0;
  if (!is_socket || domain == AF_UNIX) Step(is_socket ? Kind::kSent : Kind::kWrite);
}

void Heard(int fd, ssize_t got) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (got > 0 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX) Step(Kind::kHeard);
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  StepOn(fd);
  static const auto real = Next<ssize_t (*)(int, const void*, size_t)>("write");
  return real(fd, bytes, size);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  StepOn(fd);
  static const auto real = Next<ssize_t (*)(int, const iovec*, int)>("writev");
  return real(fd, parts, count);
}
ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  StepOn(fd);
  static const auto real = Next<ssize_t (*)(int, const void*, size_t, int)>("send");
  return real(fd, bytes, size, flags);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  StepOn(fd);
  static const auto real = Next<ssize_t (*)(int, const msghdr*, int)>("sendmsg");
  return real(fd, message, flags);
}
ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static const auto real = Next<ssize_t (*)(int, msghdr*, int)>("recvmsg");
  const ssize_t got = real(fd, message, flags);
  Heard(fd, got);
  return got;
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  Step(Kind::kWriteAt);
  static const auto real = Next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return real(fd, bytes, size, offset);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) { return pwrite64(fd, bytes, size, offset); }
int fsync(int fd) {
  Step(Kind::kFlush);
  static const auto real = Next<int (*)(int)>("fsync");
  return real(fd);
}
int fdatasync(int fd) {
  Step(Kind::kFlush);
  static const auto real = Next<int (*)(int)>("fdatasync");
  return real(fd);
}
int rename(const char* from, const char* to) {
  Step(Kind::kRename);
  static const auto real = Next<int (*)(const char*, const char*)>("rename");
  return real(from, to);
}
int unlink(const char* path) {
  Step(Kind::kRemoval);
  static const auto real = Next<int (*)(const char*)>("unlink");
  return real(path);
}

}  // extern "C"
