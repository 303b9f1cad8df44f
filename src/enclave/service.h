#pragma once

// The enclave's end of the channel: each method of docs/formats/channel.md decoded strictly, done, and answered. Holds
// no rule of its own. Thread-safe as the Enclave is.

#include <functional>

#include "base/result.h"
#include "enclave/enclave.h"
#include "net/frame/channel.h"
#include "tee/sandbox.h"

namespace cloister::enclave {

class Service {
 public:
  // `stop` is called when the host asks the enclave to end, and when its ledger is broken; it must not wait for the
  // channel.
  Service(Enclave& enclave, tee::SandboxStatus sandbox, std::function<void()> stop)
      : enclave_(enclave), sandbox_(std::move(sandbox)), stop_(std::move(stop)) {}

  Result<net::ChannelAnswer> Handle(const net::ChannelRequest& request);

 private:
  Result<net::ChannelAnswer> Launch(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> Evidence(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> Propose(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> Link(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> Load(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> Execute(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> Cancel(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> State(const net::ChannelRequest& request);
  Result<net::ChannelAnswer> Stop(const net::ChannelRequest& request);

  Enclave& enclave_;
  const tee::SandboxStatus sandbox_;
  const std::function<void()> stop_;
};

}  // namespace cloister::enclave
