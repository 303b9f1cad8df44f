#include "cloud/local/local_query_checker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/local/child_process.h"

namespace cloister::cloud {
namespace {

constexpr std::int64_t kCpuSecondsMax = 10;
constexpr int kKilled = 128 + 9;  // by SIGKILL
constexpr std::int64_t kMemoryBytesMax = std::int64_t{4} << 30;

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Result<Pipe> MakePipe() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return Unavailable("a pipe cannot be made");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// Like a pipe, but a write to a child that has ended is an error instead of a signal to this process.
Result<Pipe> MakeQuietPipe() {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return Unavailable("a pipe cannot be made");
  }
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// The child gets blocking ends: it knows nothing of poll.
void MakeBlocking(const Descriptor& end) { fcntl(end.get(), F_SETFL, fcntl(end.get(), F_GETFL) & ~O_NONBLOCK); }

// Both directions at once, so that neither side waits for the other forever.
class Exchange {
 public:
  Exchange(Descriptor to_child, Descriptor from_child, std::string_view request)
      : to_child_(std::move(to_child)), from_child_(std::move(from_child)), request_(request) {
    if (request_.empty()) to_child_.Close();
  }

  Result<std::string> Run(const Clock& clock, std::int64_t due_ms) {
    for (;;) {
      const std::int64_t left_ms = due_ms - clock.MonotonicMs();
      if (left_ms <= 0) return Error{Code::kDeadlineExceeded, "the query took too long to compile"};
      pollfd ends[2] = {{from_child_.get(), POLLIN, 0}, {to_child_.get(), POLLOUT, 0}};
      poll(ends, to_child_.valid() ? 2 : 1, static_cast<int>(left_ms));
      if (ends[1].revents != 0 && to_child_.valid()) Send();
      if (ends[0].revents == 0) continue;
      CLOISTER_ASSIGN(const bool ended, Receive());
      if (ended) return std::move(answer_);
    }
  }

 private:
  void Send() {
    const ssize_t put = send(to_child_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
    if (put > 0) request_.remove_prefix(static_cast<std::size_t>(put));
    if (put < 0 || request_.empty()) to_child_.Close();
  }

  Result<bool> Receive() {
    char piece[64 << 10];
    const ssize_t got = read(from_child_.get(), piece, sizeof piece);
    if (got <= 0) return true;
    if (answer_.size() + static_cast<std::size_t>(got) > kVerdictBytesMax) {
      return ResourceExhausted("the compiler's verdict is too large");
    }
    answer_.append(piece, static_cast<std::size_t>(got));
    return false;
  }

  Descriptor to_child_;
  Descriptor from_child_;
  std::string_view request_;
  std::string answer_;
};

}  // namespace

Result<std::string> LocalQueryChecker::Check(std::string_view request) {
  {
    MutexLock lock(mutex_);
    const auto room = [this]() CLOISTER_REQUIRES(mutex_) { return running_ < kChecksAtOnceMax; };
    if (!ended_.WaitFor(mutex_, kCheckWaitMs, room)) {
      return ResourceExhausted("too many queries are being checked; try again");
    }
    ++running_;
  }
  Result<std::string> verdict = Run(request);
  MutexLock lock(mutex_);
  --running_;
  ended_.NotifyOne();
  return verdict;
}

Result<std::string> LocalQueryChecker::Run(std::string_view request) const {
  const std::int64_t due_ms = clock_.MonotonicMs() + options_.timeout_ms;
  CLOISTER_ASSIGN(Pipe input, MakeQuietPipe());
  CLOISTER_ASSIGN(Pipe output, MakePipe());
  MakeBlocking(input.read_end);
  MakeBlocking(output.write_end);
  CLOISTER_ASSIGN(ChildProcess child, ChildProcess::Start({.program = options_.enclave_program,
                                                           .arguments = {options_.mode},
                                                           .standard_input = input.read_end.get(),
                                                           .standard_output = output.write_end.get(),
                                                           .cpu_seconds_max = kCpuSecondsMax,
                                                           .memory_bytes_max = kMemoryBytesMax,
                                                           .may_write_files = false}));
  input.read_end.Close();
  output.write_end.Close();
  CLOISTER_ASSIGN(std::string verdict,
                  Exchange(std::move(input.write_end), std::move(output.read_end), request).Run(clock_, due_ms));
  const bool ended = child.WaitEnded(static_cast<int>(options_.timeout_ms));
  const int code = ended ? child.Reap() : 0;
  // Somebody ended it, such as a machine that is short of memory: that says nothing of the query.
  if (code == kKilled) return Unavailable("the compiler was ended before it had an answer; try again");
  if (!ended || code != 0) return InvalidArgument("the compiler could not read this query");
  return verdict;
}

}  // namespace cloister::cloud
