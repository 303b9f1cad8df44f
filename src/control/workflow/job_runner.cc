#include "control/workflow/job_runner.h"

#include "ledger/audit.h"

namespace cloister::control {
namespace {

constexpr std::string_view kRoom = "control";
// Beyond what the enclave grants the query itself: loading before it, sealing and the time bucket after it.
constexpr std::int64_t kExecuteGraceMs = 3'600'000;

constexpr std::int64_t kLastAnswersMs = 5'000;

struct DueLoad {
  DatasetId dataset;
  Digest256 manifest{};
};

bool MayRun(const ledger::LedgerState& state, const ledger::QueryRecord& query, Instant now) {
  if (query.phase == ledger::QueryPhase::kReserved || query.phase == ledger::QueryPhase::kReleasing) return true;
  if (query.phase != ledger::QueryPhase::kReported) return false;
  const auto readiness = state.ReadinessOf(query.digest, now);
  return readiness && readiness->rule.state == agreement::RuleState::kMet && readiness->obstacles.empty();
}

}  // namespace

JobRunner::~JobRunner() { Stop(); }

void JobRunner::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void JobRunner::RequestStop() {
  stopping_ = true;
  session_.Wake();
}

void JobRunner::Stop() {
  RequestStop();
  if (thread_.joinable()) thread_.join();
}

void JobRunner::Loop() {
  std::uint64_t seen = session_.WaitForNews(0, 0);
  while (!stopping_) {
    const bool more = RunOnce();
    seen = session_.WaitForNews(seen, more ? 0 : kJobPollMs);
  }
}

bool JobRunner::RunOnce() {
  const auto health = session_.health();
  if (health.lifecycle == Lifecycle::kTerminated) {
    session_.Shutdown(kLastAnswersMs);  // the one who ended it still gets his answer
    return false;
  }
  if (health.lifecycle != Lifecycle::kRunning) return false;
  if (!health.enclave_runs) return KeepBooted();
  const auto enclave = session_.Enclave();
  if (!enclave) return false;
  boot_attempts_ = 0;
  if (LoadDue(**enclave)) return true;
  return ExecuteDue(**enclave);
}

bool JobRunner::KeepBooted() {
  if (stopping_) return false;
  const Status booted = session_.Boot();
  if (booted) {
    services_.log.Write(LogLevel::kWarning, kRoom,
                        session_.id().str() + ": the enclave had ended and was started again");
    return true;
  }
  const bool hopeless = booted.error().code == Code::kFailedPrecondition;
  if (hopeless || ++boot_attempts_ >= kBootAttemptsMax) session_.Fail(booted.error().public_message);
  return false;
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
  const Instant now = services_.clock.Now();
  if (loaded) {
    (void)services_.store.datasets.SetStatus(due->dataset, DatasetStatus::kAvailable, std::nullopt, now);
  } else if (!session_.Enclave()) {
    load_asked_.erase({boot, due->manifest});  // the enclave went away; the next one is asked again
  } else {
    services_.log.Write(LogLevel::kWarning, kRoom,
                        due->dataset.str() + " was not loaded: " + std::string(CodeName(loaded.error().code)));
    (void)services_.store.datasets.SetStatus(due->dataset, DatasetStatus::kFailed, loaded.error().public_message, now);
  }
  return true;
}

// A job that stands as running while nothing runs was cut off. If the ledger says that its query is over, so is the
// job: a result that was released but never kept is lost, and only a new query brings another.
void JobRunner::SettleCutOffJobs() {
  const auto jobs = services_.store.queries.RunningJobsIn(session_.id());
  if (!jobs) return;
  for (const JobRecord& job : *jobs) {
    const auto code = session_.Look([&](const ledger::LedgerState& state) -> std::optional<std::string> {
      const ledger::QueryRecord* query = state.FindQuery(job.query);
      const bool over = query != nullptr && ledger::IsFinal(query->phase);
      if (over && query->execution && query->phase != ledger::QueryPhase::kReleased) return query->execution->code;
      if (over) return std::string(CodeName(Code::kDataLoss));
      if (job.attempts >= kJobAttemptsMax) return std::string(CodeName(Code::kUnavailable));
      return std::nullopt;
    });
    if (code) EndJob(job.query, JobStatus::kFailed, *code);
  }
}

bool JobRunner::ExecuteDue(EnclaveClient& enclave) {
  SettleCutOffJobs();
  const Instant now = services_.clock.Now();
  const auto due = session_.Look([&](const ledger::LedgerState& state) {
    std::vector<QueryId> queries;
    for (const auto& [digest, query] : state.queries()) {
      if (MayRun(state, query, now)) queries.push_back(query.request.query);
    }
    return queries;
  });
  for (const QueryId& query : due) {
    const auto job = services_.store.queries.FindJob(query);
    if (!job || (*job && ((*job)->status == JobStatus::kFailed || (*job)->attempts >= kJobAttemptsMax))) continue;
    Execute(enclave, query);
    return true;
  }
  return false;
}

void JobRunner::Execute(EnclaveClient& enclave, const QueryId& query) {
  const Status begun = services_.store.queries.BeginJob(query, services_.clock.Now());
  if (!begun || !session_.desk().ExpectResult(query)) return;
  const Result<Executed> executed = enclave.Execute(query, services_.limits.query_ms + kExecuteGraceMs);
  if (!executed) {
    const Error& error = executed.error();
    (void)session_.desk().TakeResult();
    // An enclave that went away or a host that was short of something may do better next time; the rest is a
    // verdict.
    const bool again = error.code == Code::kUnavailable || error.code == Code::kDataLoss;
    const auto job = services_.store.queries.FindJob(query);
    const bool last = !job || !*job || (*job)->attempts >= kJobAttemptsMax;
    if (!again || last) EndJob(query, JobStatus::kFailed, std::string(CodeName(error.code)));
    return;
  }
  if (executed->outcome != "released") {
    (void)session_.desk().TakeResult();
    EndJob(query, JobStatus::kFailed, executed->code);
    return;
  }
  const Status kept = KeepResult(query, *executed);
  EndJob(query, kept ? JobStatus::kDone : JobStatus::kFailed, kept ? "OK" : std::string(CodeName(kept.error().code)));
}

Status JobRunner::KeepResult(const QueryId& query, const Executed& executed) {
  const auto received = session_.desk().TakeResult();
  CLOISTER_ASSIGN(const ledger::CheckedReceipt checked, session_.Look([&](const ledger::LedgerState& state) {
    return ledger::CheckReceipt(state, executed.receipt);
  }));
  const agreement::Receipt& receipt = checked.receipt.body();
  const bool fits = received && receipt.query_id == query && received->digest == receipt.result.digest &&
                    received->size_bytes == receipt.result.length_bytes;
  if (!fits) {
    (void)services_.blobs.DiscardDraft(ResultBlobName(query));
    return Error{Code::kDataLoss, "the result's bytes are not the ones that the receipt names"};
  }
  CLOISTER_TRY(services_.blobs.Publish(received->draft, received->size_bytes));
  return services_.store.queries.AddResult({.id = ResultId::New(services_.clock, rng_),
                                            .query = query,
                                            .blob = received->draft,
                                            .size_bytes = received->size_bytes,
                                            .digest = received->digest,
                                            .format = receipt.result.format,
                                            .receipt = executed.receipt,
                                            .release_entry = checked.release_entry,
                                            .created_at = services_.clock.Now()});
}

void JobRunner::EndJob(const QueryId& query, JobStatus status, const std::string& code) {
  services_.log.Write(LogLevel::kInfo, kRoom, query.str() + " ended: " + code);
  (void)services_.store.queries.EndJob(query, status, code, services_.clock.Now());
}

}  // namespace cloister::control
