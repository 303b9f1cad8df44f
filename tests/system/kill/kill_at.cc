// Loaded before libc by test_kills.py (LD_PRELOAD) and by nothing else: ends cloisterd, or its enclaves, right before
// the N-th step after which something would be half done: a write, a rename, a flush, a frame. No part of the product.
//
//   CLOISTER_KILL_ARMED  counting begins when this file is there
//   CLOISTER_KILL_AT     N, from 1; 0 counts only
//   CLOISTER_KILL_WHOM   "server" (this process) or "enclave" (its children of that name; only frames count)
//   CLOISTER_KILL_COUNT  a file that gets the count

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

namespace {

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

std::atomic<long> g_count{0};
std::atomic<bool> g_armed{false};

bool Armed() {
  static const char* const file = std::getenv("CLOISTER_KILL_ARMED");
  if (file == nullptr) return false;
  if (!g_armed && access(file, F_OK) == 0) g_armed = true;
  return g_armed;
}

bool WhomEnclave() {
  static const char* const whom = std::getenv("CLOISTER_KILL_WHOM");
  static const bool enclave = whom != nullptr && std::strcmp(whom, "enclave") == 0;
  return enclave;
}

void Note(long count) {
  static const char* const path = std::getenv("CLOISTER_KILL_COUNT");
  if (path == nullptr) return;
  static const auto real_write = Next<ssize_t (*)(int, const void*, size_t)>("write");
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  char text[32];
  const int size = std::snprintf(text, sizeof text, "%ld\n", count);
  if (file >= 0) {
    (void)!real_write(file, text, static_cast<size_t>(size));
    close(file);
  }
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

// Standard output and error are the test's own, and TCP leaves nothing half done that is not done already.
bool Counts(int fd) {
  if (fd <= 2) return false;
  int domain = 0;
  socklen_t size = sizeof domain;
  const bool socket = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0;
  return WhomEnclave() ? socket && domain == AF_UNIX : !socket || domain == AF_UNIX;
}

void Step() {
  static const char* const at_text = std::getenv("CLOISTER_KILL_AT");
  static const long at = at_text != nullptr ? std::atol(at_text) : 0;
  if (!Armed()) return;
  const long count = ++g_count;
  if (at == 0) return Note(count);
  if (count != at) return;
  if (WhomEnclave()) return KillEnclaves();
  kill(getpid(), SIGKILL);
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  if (Counts(fd)) Step();
  static const auto real = Next<ssize_t (*)(int, const void*, size_t)>("write");
  return real(fd, bytes, size);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  if (Counts(fd)) Step();
  static const auto real = Next<ssize_t (*)(int, const iovec*, int)>("writev");
  return real(fd, parts, count);
}
ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  if (Counts(fd)) Step();
  static const auto real = Next<ssize_t (*)(int, const void*, size_t, int)>("send");
  return real(fd, bytes, size, flags);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (Counts(fd)) Step();
  static const auto real = Next<ssize_t (*)(int, const msghdr*, int)>("sendmsg");
  return real(fd, message, flags);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  if (!WhomEnclave()) Step();
  static const auto real = Next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return real(fd, bytes, size, offset);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) { return pwrite64(fd, bytes, size, offset); }
int fsync(int fd) {
  if (!WhomEnclave()) Step();
  static const auto real = Next<int (*)(int)>("fsync");
  return real(fd);
}
int fdatasync(int fd) {
  if (!WhomEnclave()) Step();
  static const auto real = Next<int (*)(int)>("fdatasync");
  return real(fd);
}
int rename(const char* from, const char* to) {
  if (!WhomEnclave()) Step();
  static const auto real = Next<int (*)(const char*, const char*)>("rename");
  return real(from, to);
}
int unlink(const char* path) {
  if (!WhomEnclave()) Step();
  static const auto real = Next<int (*)(const char*)>("unlink");
  return real(path);
}

}  // extern "C"
