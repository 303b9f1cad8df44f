#include "control/workflow/job_runner.h"

#include <algorithm>

#include "ledger/audit.h"

namespace cloister::control {
namespace {

constexpr std::string_view kRoom = "control";
constexpr std::int64_t kLastAnswersMs = 5'000;

bool MayRun(const ledger::LedgerState& state, const ledger::QueryRecord& query, Instant now) {
  if (query.phase == ledger::QueryPhase::kReserved || query.phase == ledger::QueryPhase::kReleasing) return true;
  if (query.phase != ledger::QueryPhase::kReported) return false;
  const auto readiness = state.ReadinessOf(query.digest, now);
  return readiness && readiness->rule.state == agreement::RuleState::kMet && readiness->obstacles.empty();
}

// Others that may have been answered: more than the enclave will run again, never fewer.
std::size_t QueriesBefore(const ledger::LedgerState& state, const QueryId& query) {
  return static_cast<std::size_t>(std::count_if(state.queries().begin(), state.queries().end(), [&](const auto& each) {
    const ledger::QueryRecord& other = each.second;
    return other.request.query != query && other.report && other.report->accepted;
  }));
}

}  // namespace

std::int64_t ExecuteBoundMs(std::int64_t granted_ms, std::size_t queries_before) {
  const std::int64_t most = (kExecuteBoundMsMax - kExecuteGraceMs) / std::max<std::int64_t>(1, granted_ms);
  const auto runs = static_cast<std::int64_t>(std::min<std::size_t>(queries_before, kExecuteBoundMsMax)) + 1;
  return runs > most ? kExecuteBoundMsMax : runs * granted_ms + kExecuteGraceMs;
}

bool MayBeAskedAgain(Code code) {
  return code == Code::kUnavailable || code == Code::kDataLoss || code == Code::kDeadlineExceeded;
}

JobRunner::~JobRunner() { Stop(); }

void JobRunner::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void JobRunner::RequestStop() {
  stopping_ = true;
  session_.EndWaits();
}

void JobRunner::Stop() {
  RequestStop();
  if (thread_.joinable()) thread_.join();
}

void JobRunner::Loop() {
  std::uint64_t seen = session_.WaitForNews(0, 0);
  while (!stopping_) {
    const bool more = RunOnce();
    const std::int64_t boot_ms = boot_due_ms_ - services_.clock.MonotonicMs();
    const std::int64_t pause_ms = boot_ms > 0 ? std::min(boot_ms, kJobPollMs) : kJobPollMs;
    seen = session_.WaitForNews(seen, more ? 0 : pause_ms);
  }
}

bool JobRunner::RunOnce() {
  const auto health = session_.health();
  if (health.lifecycle == Lifecycle::kTerminated) session_.Shutdown(kLastAnswersMs);  // who ended it gets his answer
  if (health.lifecycle == Lifecycle::kFailed) session_.Shutdown();  // what broke its own rules runs on otherwise
  if (health.over()) SettleLeftJobs();
  if (health.lifecycle != Lifecycle::kRunning) {
    boot_attempts_ = 0;
    boot_due_ms_ = 0;
    return false;
  }
  if (!health.enclave_runs) return KeepBooted();
  const auto enclave = session_.Enclave();
  if (!enclave) return false;
  boot_attempts_ = 0;
  if (LoadDue(**enclave)) return true;
  return ExecuteDue(**enclave);
}

bool JobRunner::KeepBooted() {
  if (stopping_ || services_.clock.MonotonicMs() < boot_due_ms_) return false;
  const Status booted = session_.Boot();
  if (booted) {
    services_.log.Write(LogLevel::kWarning, kRoom,
                        session_.id().str() + ": the enclave had ended and was started again");
    return true;
  }
  if (session_.health().lifecycle != Lifecycle::kRunning) return false;  // suspended or ended in between
  const bool hopeless = booted.error().code == Code::kFailedPrecondition;
  boot_due_ms_ = services_.clock.MonotonicMs() + (kBootPauseMs << boot_attempts_);
  if (!hopeless && ++boot_attempts_ < kBootAttemptsMax) return false;
  boot_attempts_ = 0;
  boot_due_ms_ = 0;
  session_.Fail(booted.error().public_message);
  return true;
}

bool JobRunner::LoadDue(EnclaveClient& enclave) {
  const std::uint64_t boot = session_.health().boot_entry;
  const auto due = session_.Look([&](const ledger::LedgerState& state) -> std::optional<DueLoad> {
    for (const auto& [id, record] : state.datasets()) {
      const auto* manifest = state.ManifestInForce(id);
      if (manifest != nullptr && !load_asked_.contains({boot, manifest->digest})) return DueLoad{id, manifest->digest};
    }
    return std::nullopt;
  });
  if (!due) return false;
  load_asked_.insert({boot, due->manifest});
  const Status loaded = enclave.Load(due->dataset);
  if (!loaded && (loaded.error().code == Code::kUnavailable || !session_.Enclave())) {
    // The enclave went away, and another may be there already. Only what an enclave said is a verdict on the file: the
    // next round asks again.
    load_asked_.erase({boot, due->manifest});
    return false;
  }
  if (const Status told = Tell(*due, loaded); !told) {
    // The verdict would be lost until the next boot. What the enclave has loaded it has: it is quick to say so again.
    services_.log.Write(LogLevel::kWarning, kRoom,
                        due->dataset.str() + ": its status was not kept: " + std::string(CodeName(told.error().code)));
    load_asked_.erase({boot, due->manifest});
    return false;
  }
  return true;
}

// Of the manifest in force alone, while nobody records another: over one that came while this one was loaded the
// enclave has said nothing yet.
Status JobRunner::Tell(const DueLoad& due, const Status& loaded) {
  MutexLock lock(session_.terms_mutex());
  const bool in_force = session_.Look([&](const ledger::LedgerState& state) {
    const auto* manifest = state.ManifestInForce(due.dataset);
    return manifest != nullptr && manifest->digest == due.manifest;
  });
  if (!in_force) return {};
  const Instant now = services_.clock.Now();
  if (loaded) return services_.store.datasets.SetStatus(due.dataset, DatasetStatus::kAvailable, std::nullopt, now);
  services_.log.Write(LogLevel::kWarning, kRoom,
                      due.dataset.str() + " was not loaded: " + std::string(CodeName(loaded.error().code)));
  return services_.store.datasets.SetStatus(due.dataset, DatasetStatus::kFailed, loaded.error().public_message, now);
}

std::optional<std::string> JobRunner::SettledCode(const QueryId& query) {
  struct Ended {
    bool released = false;
    std::string code;
  };
  const auto ended = session_.Look([&](const ledger::LedgerState& state) -> std::optional<Ended> {
    const ledger::QueryRecord* record = state.FindQuery(query);
    if (record == nullptr || !ledger::IsFinal(record->phase)) return std::nullopt;
    if (record->phase == ledger::QueryPhase::kReleased) return Ended{.released = true, .code = "OK"};
    return Ended{.code = record->execution ? record->execution->code : std::string(CodeName(Code::kCancelled))};
  });
  if (!ended) return std::nullopt;
  if (!ended->released) return ended->code;
  // Entry, row and receipt were written by one step; a row that is not there was taken away by somebody.
  const auto kept = services_.store.queries.ResultOf(query);
  if (!kept) return std::nullopt;
  const bool proven = *kept && session_.Look([&](const ledger::LedgerState& state) {
    const auto checked = ledger::CheckReceipt(state, (*kept)->receipt);
    return checked && checked->receipt.body().query_id == query;
  });
  return proven ? ended->code : std::string(CodeName(Code::kDataLoss));
}

// A job that stands as running while nothing runs was cut off.
void JobRunner::SettleCutOffJobs() {
  const auto jobs = services_.store.queries.RunningJobsIn(session_.id());
  if (!jobs) return;
  for (const JobRecord& job : *jobs) {
    if (const auto code = SettledCode(job.query)) {
      (void)EndJob(job.query, *code);
    } else if (job.attempts >= kJobAttemptsMax && !job.cancel_asked) {
      (void)EndJob(job.query, std::string(CodeName(Code::kUnavailable)));
    }
  }
}

void JobRunner::SettleLeftJobs() {
  if (left_settled_) return;
  const auto jobs = services_.store.queries.RunningJobsIn(session_.id());
  if (!jobs) return;
  left_settled_ = true;
  for (const JobRecord& job : *jobs) {
    const auto code = SettledCode(job.query);
    // Of a query whose end the ledger has, and the store could not be asked, nothing else is said meanwhile.
    const bool unread = !code && session_.Look([&](const ledger::LedgerState& state) {
      const ledger::QueryRecord* query = state.FindQuery(job.query);
      return query != nullptr && ledger::IsFinal(query->phase);
    });
    if (unread || !EndJob(job.query, code.value_or(std::string(kEnvironmentEndedCode)))) left_settled_ = false;
  }
}

bool JobRunner::EndCancelled(EnclaveClient& enclave, const QueryId& query) {
  const Status cancelled = enclave.Cancel(query);
  if (const auto code = SettledCode(query)) return EndJob(query, *code).has_value();
  // It had been executed just before he spoke, and only its release was missing: there is none, as he was told.
  const bool late = !cancelled && cancelled.error().code == Code::kFailedPrecondition;
  return late && EndJob(query, std::string(CodeName(Code::kCancelled)));
}

bool JobRunner::ExecuteDue(EnclaveClient& enclave) {
  SettleCutOffJobs();
  std::optional<QueryId> next;
  for (const QueryId& query : QueriesDue()) {
    const auto job = services_.store.queries.FindJob(query);
    if (!job || (*job && (*job)->status == JobStatus::kFailed)) continue;
    // At once: whoever took it back does not wait for what was asked before it.
    const bool cancel_asked = *job && (*job)->cancel_asked;
    if (cancel_asked && EndCancelled(enclave, query)) return true;
    const bool tried_out = *job && (*job)->attempts >= kJobAttemptsMax;
    if (!next && !cancel_asked && !tried_out) next = query;
  }
  return next && Execute(enclave, *next);
}

std::vector<QueryId> JobRunner::QueriesDue() const {
  const Instant now = services_.clock.Now();
  return session_.Look([&](const ledger::LedgerState& state) {
    std::map<std::uint64_t, QueryId> by_age;
    for (const auto& [digest, query] : state.queries()) {
      if (MayRun(state, query, now)) by_age.emplace(query.entry, query.request.query);
    }
    std::vector<QueryId> queries;
    queries.reserve(by_age.size());
    for (const auto& [entry, query] : by_age) queries.push_back(query);
    return queries;
  });
}

bool JobRunner::Execute(EnclaveClient& enclave, const QueryId& query) {
  // A host that is short of something spends none of the query's attempts.
  if (!session_.desk().ExpectResult(query, ResultId::New(services_.clock, rng_))) return false;
  const std::int64_t bound_ms = session_.Look([&](const ledger::LedgerState& state) {
    const std::int64_t granted_ms = state.in_force() != nullptr ? state.in_force()->charter.run_bounds.query_ms : 0;
    return ExecuteBoundMs(granted_ms, QueriesBefore(state, query));
  });
  const Instant now = services_.clock.Now();
  const JobLease lease{.owner = services_.owner, .until = {now.unix_ms + bound_ms}};
  if (const auto begun = services_.store.queries.BeginJob(query, lease, now); !begun || !*begun) return false;
  const Result<Executed> executed = enclave.Execute(query, bound_ms);
  session_.desk().StopExpecting();
  // The ledger knows, even where the answer was lost.
  if (const auto code = SettledCode(query)) {
    (void)EndJob(query, *code);
    return true;
  }
  // An enclave that went away or a host that was short of something may do better next time; the rest is a
  // verdict.
  const Code code = executed ? Code::kDataLoss : executed.error().code;
  const auto job = services_.store.queries.FindJob(query);
  const bool last = !job || !*job || ((*job)->attempts >= kJobAttemptsMax && !(*job)->cancel_asked);
  if (!MayBeAskedAgain(code) || last) (void)EndJob(query, std::string(CodeName(code)));
  return true;
}

Status JobRunner::EndJob(const QueryId& query, const std::string& code) {
  services_.log.Write(LogLevel::kInfo, kRoom, query.str() + " ended: " + code);
  const JobStatus status = code == "OK" ? JobStatus::kDone : JobStatus::kFailed;
  return services_.store.queries.EndJob(query, status, code, services_.clock.Now());
}

}  // namespace cloister::control
