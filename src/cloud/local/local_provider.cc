#include "cloud/local/local_provider.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "cloud/local/child_process.h"
#include "cloud/local/local_sealer.h"
#include "crypto/digest.h"

namespace cloister::cloud {

struct EnclaveCount {
  std::atomic<int> running = 0;
};

namespace {

constexpr std::size_t kMeasurePieceBytes = 1 << 20;

Result<Digest256> Measure(const std::string& program) {
  const Descriptor file(open(program.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || access(program.c_str(), X_OK) != 0) {
    return Unavailable("the enclave program cannot be run; name it with --enclave-binary");
  }
  crypto::Sha256Stream digest;
  Bytes piece(kMeasurePieceBytes);
  for (;;) {
    const ssize_t got = read(file.get(), piece.data(), piece.size());
    if (got < 0) return Unavailable("the enclave program cannot be read");
    if (got == 0) return digest.Finish();
    digest.Update(ByteView(piece).first(static_cast<std::size_t>(got)));
  }
}

// One of the enclaves that may run at once, for as long as it lives.
class CountedEnclave {
 public:
  explicit CountedEnclave(std::shared_ptr<EnclaveCount> count) : count_(std::move(count)) { ++count_->running; }
  CountedEnclave(CountedEnclave&&) noexcept = default;
  CountedEnclave& operator=(CountedEnclave&&) = delete;
  ~CountedEnclave() {
    if (count_) --count_->running;
  }

 private:
  std::shared_ptr<EnclaveCount> count_;
};

class LocalInstance final : public TeeInstance {
 public:
  LocalInstance(ChildProcess child, Descriptor channel, CountedEnclave place)
      : place_(std::move(place)), child_(std::move(child)), channel_(std::move(channel)) {}
  ~LocalInstance() override {
    channel_.Close();
    child_.WaitEnded(kEnclaveEndWaitMs);
  }
  int TakeChannel() override { return channel_.Release(); }
  bool running() const override { return child_.running(); }

 private:
  CountedEnclave place_;
  ChildProcess child_;
  Descriptor channel_;
};

}  // namespace

LocalProvider::LocalProvider(std::string program, const Digest256& measurement, SecretBytes sealer)
    : program_(std::move(program)),
      measurement_(measurement),
      sealer_(std::move(sealer)),
      count_(std::make_shared<EnclaveCount>()) {}

Result<std::unique_ptr<LocalProvider>> LocalProvider::Open(const LocalProviderOptions& options, Rng& rng) {
  CLOISTER_ASSIGN(const Digest256 measurement, Measure(options.enclave_program));
  CLOISTER_ASSIGN(SecretBytes sealer, LoadOrMakeSealer(options.sealer_file, rng));
  return std::unique_ptr<LocalProvider>(new LocalProvider(options.enclave_program, measurement, std::move(sealer)));
}

Result<std::unique_ptr<TeeInstance>> LocalProvider::Start() {
  CountedEnclave place(count_);
  if (count_->running > kLocalEnclavesMax) return ResourceExhausted("this server runs as many enclaves as it may");
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Unavailable("the enclave's channel cannot be made");
  }
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  CLOISTER_ASSIGN(ChildProcess child, launcher_.Start({.program = program_, .channel = theirs.get()}));
  return std::unique_ptr<TeeInstance>(
      std::make_unique<LocalInstance>(std::move(child), std::move(ours), std::move(place)));
}

}  // namespace cloister::cloud
