#include "control/workflow/environment_session.h"

#include <algorithm>

namespace cloister::control {
namespace {

constexpr std::string_view kRoom = "control";
constexpr std::int64_t kGraceTickMs = 10;
constexpr std::string_view kEndedWithEnclave =
    "the enclave ended, and with recovery 'none' the environment ended with it";

}  // namespace

// Members end from the last to the first: the client, then the channel with its threads, then the process.
struct EnvironmentSession::Running {
  std::unique_ptr<cloud::TeeInstance> instance;
  std::unique_ptr<net::Channel> channel;
  std::unique_ptr<EnclaveClient> client;
};

EnvironmentSession::EnvironmentSession(const WorkflowServices& services, const EnvironmentRecord& record)
    : services_(services),
      id_(record.id),
      desk_({.environment = record.id,
             .store = services.store,
             .blobs = services.blobs,
             .appended = [this](const ledger::LogAppend& append) { OnAppended(append); }}),
      ledger_(record.id) {
  // What failed with its key still wrapped is tried again at each start of the server: what was missing, such
  // as the sealer's file, may be back. It fails again if not.
  health_.recoverable = record.recovery_blob.has_value();
  const bool again = record.lifecycle == Lifecycle::kFailed && health_.recoverable;
  health_.lifecycle = again ? Lifecycle::kRunning : record.lifecycle;
  if (!again) health_.error = record.error;
}

EnvironmentSession::~EnvironmentSession() { Shutdown(); }

Result<std::unique_ptr<EnvironmentSession>> EnvironmentSession::Open(const WorkflowServices& services,
                                                                     const EnvironmentRecord& record) {
  std::unique_ptr<EnvironmentSession> session(new EnvironmentSession(services, record));
  CLOISTER_TRY(session->Replay());
  CLOISTER_TRY(session->FollowLedger());
  return session;
}

Status EnvironmentSession::Replay() {
  CLOISTER_ASSIGN(const auto head, services_.store.ledgers.Head(id_));
  if (!head) return {};
  MutexLock lock(mutex_);
  while (ledger_.size() < head->size) {
    CLOISTER_ASSIGN(const auto texts, services_.store.ledgers.Read(id_, ledger_.size(), ledger::kReadEntriesMax));
    if (texts.empty()) return Error{Code::kDataLoss, "a stored ledger is shorter than its head says"};
    for (const std::string& text : texts) {
      if (const Status applied = ledger_.Apply(text); !applied) {
        return Error{Code::kDataLoss, "a stored ledger does not follow its own rules", applied.error().public_message};
      }
    }
  }
  checkpoint_ = head->checkpoint;
  return {};
}

// A crash between the ledger's last entry and our own row leaves the ledger's word.
Status EnvironmentSession::FollowLedger() {
  {
    MutexLock lock(mutex_);
    if (!ledger_.terminated() || health_.lifecycle == Lifecycle::kTerminated) return {};
    health_.lifecycle = Lifecycle::kTerminated;
    health_.error.reset();
  }
  return services_.store.environments.SetLifecycle(id_, Lifecycle::kTerminated, std::nullopt, services_.clock.Now());
}

Status EnvironmentSession::Boot() {
  MutexLock boot_lock(boot_mutex_);
  CLOISTER_ASSIGN(const auto record, services_.store.environments.Find(id_));
  if (!record) return NotFound("no such environment");
  std::shared_ptr<Running> ended;  // let go without the lock: its threads may be waiting for it
  std::uint64_t boot = 0;
  Lifecycle from = Lifecycle::kCreating;
  {
    MutexLock lock(mutex_);
    if (running_ && !running_->channel->closed()) return FailedPrecondition("the enclave runs already");
    if (ledger_.terminated() || health_.lifecycle == Lifecycle::kTerminated) {
      return FailedPrecondition("the environment is terminated");
    }
    if (health_.lifecycle == Lifecycle::kSuspended) return FailedPrecondition("the environment is suspended");
    from = health_.lifecycle;
    ended = std::exchange(running_, nullptr);
    health_.enclave_runs = false;  // its end may be noticed here before its channel tells
    boot = ++boots_;
  }
  ended.reset();
  CLOISTER_TRY(Replay());  // an enclave whose entries were not what the rules allow has left what nobody builds on
  if (Look([](const ledger::LedgerState& state) { return state.terminated(); })) {
    return FailedPrecondition("the environment is terminated");
  }
  Result<std::shared_ptr<Running>> running = Launch(*record, boot);
  if (!running) return std::move(running).error();
  if (health().lifecycle != from) return FailedPrecondition("the environment ended while its enclave was started");
  CLOISTER_TRY(
      services_.store.environments.SetLifecycle(id_, Lifecycle::kRunning, std::nullopt, services_.clock.Now()));
  MutexLock lock(mutex_);
  running_ = *std::move(running);
  health_.lifecycle = Lifecycle::kRunning;
  health_.error.reset();
  health_.enclave_runs = !running_->channel->closed();
  ++news_;
  news_changed_.NotifyAll();
  return {};
}

Result<LaunchCall> EnvironmentSession::MakeLaunchCall(const EnvironmentRecord& record,
                                                      const agreement::Charter& charter, const SecretBytes& sealer) {
  LaunchCall call{.environment = id_, .threads = services_.limits.threads};
  CLOISTER_ASSIGN(const auto head, services_.store.ledgers.Head(id_));
  const bool operator_recovers = charter.recovery == agreement::Recovery::kOperator;
  if (operator_recovers) call.sealer = &sealer;
  if (!head) {
    call.charter = &charter;
    return call;
  }
  if (!operator_recovers || !record.recovery_blob) return FailedPrecondition(std::string(kEndedWithEnclave));
  call.entries = head->size;
  call.seal = head->seal;
  call.recovery_blob = *record.recovery_blob;
  return call;
}

Result<std::shared_ptr<EnvironmentSession::Running>> EnvironmentSession::Launch(const EnvironmentRecord& record,
                                                                                std::uint64_t boot) {
  CLOISTER_ASSIGN(const agreement::Charter charter, agreement::ParseCharter(record.charter));
  const SecretBytes sealer = services_.provider.SealerText();
  CLOISTER_ASSIGN(LaunchCall call, MakeLaunchCall(record, charter, sealer));
  auto running = std::make_shared<Running>();
  CLOISTER_ASSIGN(running->instance, services_.provider.Start());
  running->channel = std::make_unique<net::Channel>(
      running->instance->TakeChannel(),
      net::ChannelOptions{.handler = [this](const net::ChannelRequest& request) { return desk_.Handle(request); },
                          .on_closed = [this, boot] { OnClosed(boot); }});
  running->client = std::make_unique<EnclaveClient>(*running->channel);
  CLOISTER_ASSIGN(Launched launched, running->client->Launch(std::move(call)));
  if (!launched.recovery_blob.empty()) {
    CLOISTER_TRY(services_.store.environments.SetRecoveryBlob(id_, launched.recovery_blob, services_.clock.Now()));
  }
  MutexLock lock(mutex_);
  if (!launched.recovery_blob.empty()) health_.recoverable = true;
  health_.sandbox = std::move(launched.sandbox);
  health_.boot_entry = launched.boot_entry;
  return running;
}

void EnvironmentSession::Shutdown(std::int64_t grace_ms) {
  MutexLock boot_lock(boot_mutex_);
  EndEnclave(grace_ms);
}

void EnvironmentSession::EndEnclave(std::int64_t grace_ms) {
  std::shared_ptr<Running> running;
  {
    MutexLock lock(mutex_);
    running = std::exchange(running_, nullptr);
    health_.enclave_runs = false;
  }
  if (!running) return;
  const std::int64_t due_ms = services_.clock.MonotonicMs() + grace_ms;
  while (running.use_count() > 1 && services_.clock.MonotonicMs() < due_ms) {
    MutexLock lock(mutex_);
    news_changed_.WaitFor(mutex_, kGraceTickMs, [] { return false; });
  }
  (void)running->client->Stop();
  running->channel->Close();
}

Result<std::shared_ptr<EnclaveClient>> EnvironmentSession::Enclave() {
  MutexLock lock(mutex_);
  if (health_.lifecycle == Lifecycle::kFailed)
    return FailedPrecondition(health_.error.value_or("the environment has failed"));
  if (!EnclaveRuns()) {
    if (health_.lifecycle == Lifecycle::kTerminated) return FailedPrecondition("the environment is terminated");
    if (health_.lifecycle == Lifecycle::kSuspended)
      return FailedPrecondition("the environment is suspended; resume it");
    return Unavailable("the environment's enclave does not run now; try again");
  }
  return std::shared_ptr<EnclaveClient>(running_, running_->client.get());
}

Result<std::shared_ptr<EnclaveClient>> EnvironmentSession::AwaitEnclave() {
  {
    MutexLock lock(mutex_);
    const auto settled = [this]() CLOISTER_REQUIRES(mutex_) {
      return waits_ended_ || EnclaveRuns() || health_.lifecycle != Lifecycle::kRunning;
    };
    if (!settled() && waiters_ < kEnclaveWaitersMax) {
      ++waiters_;
      news_changed_.WaitFor(mutex_, services_.enclave_wait_ms, settled);
      --waiters_;
    }
  }
  return Enclave();
}

std::optional<std::string> EnvironmentSession::Checkpoint() const {
  MutexLock lock(mutex_);
  return checkpoint_;
}

EnvironmentSession::Health EnvironmentSession::health() const {
  MutexLock lock(mutex_);
  Health health = health_;
  health.enclave_runs = EnclaveRuns();
  return health;
}

// A call that was cut off returns before OnClosed() tells why. Without the look at the channel a job would spend all of
// its attempts on an enclave that has ended.
bool EnvironmentSession::EnclaveRuns() const {
  return running_ && health_.enclave_runs && !running_->channel->closed();
}

void EnvironmentSession::Fail(std::string_view error) {
  {
    MutexLock lock(mutex_);
    if (health_.lifecycle == Lifecycle::kTerminated) return;  // nothing is left that could fail
    health_.lifecycle = Lifecycle::kFailed;
    health_.error = error;
    ++news_;
    news_changed_.NotifyAll();
  }
  services_.log.Write(LogLevel::kError, kRoom, id_.str() + " failed: " + std::string(error));
  (void)services_.store.environments.SetLifecycle(id_, Lifecycle::kFailed, std::string(error), services_.clock.Now());
}

void EnvironmentSession::Abandon(std::string_view error) {
  (void)services_.store.environments.ForgetRecoveryBlob(id_, services_.clock.Now());
  {
    MutexLock lock(mutex_);
    health_.recoverable = false;
  }
  Fail(error);
}

Status EnvironmentSession::SetLifecycle(Lifecycle from, Lifecycle to) {
  {
    MutexLock lock(mutex_);
    if (health_.lifecycle != from) {
      return FailedPrecondition(to == Lifecycle::kSuspended ? "the environment does not run now"
                                                            : "the environment is not suspended");
    }
  }
  CLOISTER_TRY(services_.store.environments.SetLifecycle(id_, to, std::nullopt, services_.clock.Now()));
  MutexLock lock(mutex_);
  health_.lifecycle = to;
  health_.error.reset();
  ++news_;
  news_changed_.NotifyAll();
  return {};
}

Status EnvironmentSession::Discard() {
  MutexLock boot_lock(boot_mutex_);
  {
    MutexLock lock(mutex_);
    if (ledger_.in_force() != nullptr) return FailedPrecondition("a charter is in force");
    health_.lifecycle = Lifecycle::kTerminated;
    ++news_;
    news_changed_.NotifyAll();
  }
  const Instant now = services_.clock.Now();
  CLOISTER_TRY(services_.store.environments.SetLifecycle(id_, Lifecycle::kTerminated, std::nullopt, now));
  CLOISTER_TRY(services_.store.environments.ForgetRecoveryBlob(id_, now));
  EndEnclave(0);
  return {};
}

Status EnvironmentSession::Suspend() {
  if (health().lifecycle != Lifecycle::kRunning) return FailedPrecondition("the environment does not run now");
  CLOISTER_ASSIGN(const auto record, services_.store.environments.Find(id_));
  if (!record) return NotFound("no such environment");
  if (!record->recovery_blob) {
    return FailedPrecondition("with recovery 'none' the environment would end with its enclave; terminate it instead");
  }
  MutexLock boot_lock(boot_mutex_);  // an enclave that is being started would say that the environment runs
  CLOISTER_TRY(SetLifecycle(Lifecycle::kRunning, Lifecycle::kSuspended));
  EndEnclave(0);
  return {};
}

Status EnvironmentSession::Resume() {
  const Health now = health();
  const bool failed = now.lifecycle == Lifecycle::kFailed && now.recoverable;
  {
    MutexLock boot_lock(boot_mutex_);
    if (failed) EndEnclave(0);  // one that broke its own rules may still be at work
    CLOISTER_TRY(SetLifecycle(failed ? Lifecycle::kFailed : Lifecycle::kSuspended, Lifecycle::kRunning));
  }
  (void)AwaitEnclave();
  return {};
}

std::uint64_t EnvironmentSession::WaitForNews(std::uint64_t seen, std::int64_t timeout_ms) {
  MutexLock lock(mutex_);
  news_changed_.WaitFor(mutex_, timeout_ms, [&]() CLOISTER_REQUIRES(mutex_) { return news_ != seen; });
  return news_;
}

void EnvironmentSession::EndWaits() {
  MutexLock lock(mutex_);
  waits_ended_ = true;
  ++news_;
  news_changed_.NotifyAll();
}

void EnvironmentSession::OnAppended(const ledger::LogAppend& append) {
  Status applied;
  bool terminated = false;
  {
    MutexLock lock(mutex_);
    // What Boot() has read meanwhile, if this is the last word of the enclave before, is folded already.
    const std::uint64_t folded = std::max(ledger_.size(), append.size_before) - append.size_before;
    for (std::uint64_t i = folded; i < append.entries.size(); ++i) {
      applied = ledger_.Apply(append.entries[i]);
      if (!applied) break;
    }
    checkpoint_ = append.checkpoint;
    terminated = ledger_.terminated() && health_.lifecycle != Lifecycle::kTerminated;
    if (terminated) health_.lifecycle = Lifecycle::kTerminated;
    ++news_;
    news_changed_.NotifyAll();
  }
  if (!applied) Fail("the enclave wrote what its own rules do not allow");
  if (terminated) {
    (void)services_.store.environments.SetLifecycle(id_, Lifecycle::kTerminated, std::nullopt, services_.clock.Now());
  }
}

// On the channel's own thread: it may not be destroyed here, only left.
void EnvironmentSession::OnClosed(std::uint64_t boot) {
  MutexLock lock(mutex_);
  if (boot != boots_) return;
  health_.enclave_runs = false;
  ++news_;
  news_changed_.NotifyAll();
}

}  // namespace cloister::control
