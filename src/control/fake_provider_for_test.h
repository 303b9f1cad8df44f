#pragma once

// A provider of fake enclaves, and the handles that tests hold them by.

#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cloud/tee_provider.h"
#include "control/fake_enclave_for_test.h"

namespace cloister::control {

class FakeProvider final : public cloud::TeeProvider {
 public:
  FakeProvider(const Clock& clock, Rng& rng) : clock_(clock), rng_(rng), sealer_(sealing::AgeIdentity::Generate(rng)) {}

  std::string_view name() const override { return "local"; }
  std::vector<std::string> evidence_kinds() const override { return {"simulated"}; }
  std::vector<Digest256> measurements() const override { return {FakeEnclave::Measurement()}; }
  SecretBytes SealerText() const override { return sealer_.SecretText(); }

  Result<std::unique_ptr<cloud::TeeInstance>> Start() override {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return Unavailable("no socketpair");
    auto enclave = std::make_shared<FakeEnclave>(ends[1], behaviour, clock_, rng_);
    last = enclave;
    ++starts;
    return std::unique_ptr<cloud::TeeInstance>(std::make_unique<Instance>(ends[0], std::move(enclave)));
  }

  FakeBehaviour behaviour;
  std::weak_ptr<FakeEnclave> last;
  std::atomic<int> starts = 0;

 private:
  class Instance final : public cloud::TeeInstance {
   public:
    Instance(int fd, std::shared_ptr<FakeEnclave> enclave) : fd_(fd), enclave_(std::move(enclave)) {}
    int TakeChannel() override { return std::exchange(fd_, -1); }
    bool running() const override { return enclave_->running(); }

   private:
    int fd_;
    std::shared_ptr<FakeEnclave> enclave_;
  };
  const Clock& clock_;
  Rng& rng_;
  const sealing::AgeIdentity sealer_;
};

}  // namespace cloister::control
