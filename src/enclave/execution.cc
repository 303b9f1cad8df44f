// Execution: an approved query becomes a sealed result and a receipt.
//
//   reserve -> load -> run -> seal -> (bucket ends) -> hand out -> execution entry -> release entry with its receipt
//
// The reservation is written before any data is touched and is never given back. A boot that finds a reservation
// without a release runs the same plan again: the answer is the same, and nothing is charged twice.

#include <algorithm>

#include "agreement/keys.h"
#include "base/check.h"
#include "crypto/digest.h"
#include "enclave/enclave.h"
#include "enclave/job.h"
#include "enclave/release_history.h"
#include "enclave/protected_run.h"
#include "engine/result_json.h"
#include "sealing/seal_writer.h"

namespace cloister::enclave {

namespace {

constexpr std::size_t kPieceBytes = 1 << 20;

// The report's `protections`, each by its rule: what was applied, never how often.
std::vector<std::string> ProtectionsOf(const agreement::Report& report) {
  std::vector<std::string> names;
  const codec::Json* protections = report.accepted->report.if_contains("protections");
  if (protections == nullptr || !protections->is_array()) return names;
  for (const codec::Json& protection : protections->get_array()) {
    std::string name;
    if (protection.is_string()) name = std::string(protection.get_string());
    if (const auto* object = protection.if_object()) {
      if (const auto* rule = object->if_contains("rule"); rule != nullptr && rule->is_string())
        name = std::string(rule->get_string());
    }
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    if (names.size() == agreement::kProtectionsMax) break;
  }
  return names;
}

Result<std::vector<sealing::AgeRecipient>> RecipientsOf(const agreement::Charter& charter,
                                                        const agreement::QueryRequest& request) {
  std::vector<sealing::AgeRecipient> recipients;
  for (const agreement::Thumbprint& thumbprint : request.recipients) {
    const agreement::Participant* person = charter.Find(thumbprint);
    if (person == nullptr) return FailedPrecondition("a recipient is no longer a participant");
    CLOISTER_ASSIGN(sealing::AgeRecipient recipient, sealing::AgeRecipient::Parse(person->recipient));
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

bool Resumes(ledger::QueryPhase phase) {
  return phase == ledger::QueryPhase::kReserved || phase == ledger::QueryPhase::kReleasing;
}

}  // namespace

Result<ExecutionAnswer> Enclave::Execute(const QueryId& query) {
  MutexLock job_lock(job_mutex_);
  CLOISTER_ASSIGN(Job job, StartJob(query));
  Result<ExecutionAnswer> answer = RunJob(job);
  {
    MutexLock lock(mutex_);
    // Whoever cancelled while the bytes were handed out was told that nothing is released: not by the next run either.
    const ledger::QueryRecord* record = answer ? nullptr : journal_->state().FindQuery(query);
    const bool reserved = record != nullptr && record->phase == ledger::QueryPhase::kReserved;
    if (reserved && cancellation_->cancelled()) answer = RecordOutcome(record->digest, CodeName(Code::kCancelled));
    running_.reset();
    cancellation_.reset();
  }
  DropVoidTables();
  return answer;
}

// Compiled anew, so that what runs is what this enclave makes of the text, and compared with what people approved.
Result<sql::CompiledQuery> Enclave::ApprovedPlan(const ledger::QueryRecord& query) {
  CLOISTER_ASSIGN(CompileQuestion question, QuestionOf(journal_->state(), query.request, query.submitter));
  CLOISTER_TRY(AddPins(journal_->state(), question, parser_));
  CLOISTER_ASSIGN(CompileAnswer answer, AskCompiler(question, parser_));
  if (!answer.compiled || !query.report || !query.report->accepted ||
      answer.compiled->plan_digest != query.report->accepted->plan) {
    return Error{Code::kRefused, "the query does not compile to the plan that was approved; submit it again"};
  }
  return *std::move(answer.compiled);
}

Result<Enclave::Job> Enclave::StartJob(const QueryId& id) {
  MutexLock lock(mutex_);
  CLOISTER_TRY(Launched());
  const ledger::LedgerState& state = journal_->state();
  const ledger::QueryRecord* query = state.FindQuery(id);
  if (query == nullptr) return NotFound("no such query in this environment");
  const ledger::CharterRecord* charter = state.in_force();
  if (charter == nullptr || query->request.charter != charter->digest) {
    return FailedPrecondition("the query was made under a charter that is not in force");
  }
  CLOISTER_ASSIGN(sql::CompiledQuery compiled, ApprovedPlan(*query));
  CLOISTER_ASSIGN(auto recipients, RecipientsOf(charter->charter, query->request));
  CLOISTER_ASSIGN(std::vector<PastRun> past, RunsToCount(*query));
  std::optional<ledger::ReservationEntry> reservation = query->reservation;
  if (!Resumes(query->phase)) {
    const Instant now = journal_->Now();
    CLOISTER_ASSIGN(reservation, state.Reserve(query->digest, now));
    std::vector<ledger::EntryBody> entry;
    entry.emplace_back(*reservation);
    CLOISTER_TRY(journal_->Append(std::move(entry), now));
    query = journal_->state().FindQuery(id);
  }
  CLOISTER_CHECK(reservation.has_value());
  running_ = id;
  cancellation_ = std::make_shared<engine::Cancellation>();
  return Job{.query = *query,
             .reservation = *std::move(reservation),
             .compiled = std::move(compiled),
             .recipients = std::move(recipients),
             .past = std::move(past),
             .noise_key = agreement::NoiseKey(identity_->environment_key()),
             .bounds = charter->charter.run_bounds,
             .database = database_.get(),
             .cancellation = cancellation_,
             .started_ms = clock_.MonotonicMs()};
}

Result<ExecutionAnswer> Enclave::RunJob(Job& job) {
  Result<Bytes> sealed = ComputeSealedResult(job);
  job.bucket_ms = TimeBucketMs(clock_.MonotonicMs() - job.started_ms);
  pacer_.WaitUntil(job.started_ms + job.bucket_ms);
  // Whoever cancels inside the bucket gets the same answer whether the plan had ended by then or not.
  if (job.cancellation->cancelled()) sealed = Error{Code::kCancelled, "the query was cancelled"};
  if (!sealed) return RecordFailure(job, sealed.error());
  CLOISTER_TRY(HandOut(job, *sealed));
  return Release(job, *sealed);
}

Result<Bytes> Enclave::ComputeSealedResult(Job& job) {
  CLOISTER_TRY(CountPastRuns(job));
  for (const sql::DatasetUse& use : job.compiled.datasets) {
    CLOISTER_ASSIGN(const DatasetId id, DatasetId::Parse(use.id));
    const Status loaded = LoadLocked(id, use.manifest);
    // Bytes that are not the manifest's say nothing about the query: the host may find the right ones, and it may run
    // then.
    if (!loaded && loaded.error().code == Code::kVerificationFailed) {
      return Error{Code::kDataLoss, loaded.error().public_message};
    }
    CLOISTER_TRY(loaded);
  }
  engine::JsonResultWriter writer(job.compiled.plan.columns(), kResultBytesMax);
  CLOISTER_ASSIGN(const ProtectedSummary summary,
                  ProtectedRun(*job.database, job.noise_key, &history_)
                      .Run(job.compiled.plan,
                           {.time_ms = job.bounds.query_ms,
                            .rows_max = job.bounds.result_rows,
                            .result_bytes_max = static_cast<std::int64_t>(kResultBytesMax)},
                           *job.cancellation, writer));
  if (job.query.request.level == agreement::Level::kAggregateOnly) counted_.insert(job.query.digest);
  job.rows = summary.rows;
  std::string text = writer.Finish({.noise = job.compiled.plan.noise(),
                                    .intervals = summary.intervals,
                                    .generalised = summary.generalised});
  auto sealed = sealing::SealBytes(AsBytes(text), job.recipients, rng_);
  Wipe(text);
  return sealed;
}

Status Enclave::HandOut(const Job& job, ByteView sealed) {
  for (std::uint64_t offset = 0; offset < sealed.size(); offset += kPieceBytes) {
    const ByteView rest = sealed.subspan(offset);
    CLOISTER_TRY(
        host_.PutResult(job.query.request.query.str(), offset, rest.first(std::min(kPieceBytes, rest.size()))));
  }
  return {};
}

Result<ExecutionAnswer> Enclave::Release(const Job& job, ByteView sealed) {
  MutexLock lock(mutex_);
  if (job.query.phase != ledger::QueryPhase::kReleasing) {
    // The last moment: who cancels later is told that it is too late.
    if (job.cancellation->cancelled()) return RecordOutcome(job.query.digest, CodeName(Code::kCancelled));
    std::vector<ledger::EntryBody> executed;
    executed.emplace_back(
        ledger::ExecutionEntry{.query = job.query.digest, .outcome = ledger::Outcome::kReleased, .code = "OK"});
    CLOISTER_TRY(journal_->Append(std::move(executed), journal_->Now()));
  }
  const agreement::Report& report = *job.query.report;
  const agreement::Receipt receipt{
      .environment = journal_->state().environment(),
      .query = job.query.digest,
      .query_id = job.query.request.query,
      .plan = report.accepted->plan,
      .report_digest = report.accepted->report_digest,
      .approvals = job.reservation.approvals,
      .result = {.digest = crypto::Sha256(sealed), .length_bytes = sealed.size(), .format = "json"},
      .recipients = job.query.request.recipients,
      .rows = agreement::RowBand(job.rows),
      .protections = ProtectionsOf(report),
      .spent = job.reservation.charges,
      .checkpoint = journal_->state().point(),
      .time_bucket_ms = job.bucket_ms,
      .evidence = evidence_digest_,
      .time = journal_->Now()};
  CLOISTER_ASSIGN(const agreement::SignedReceipt signed_receipt,
                  agreement::SignReceipt(identity_->document_key(), receipt));
  std::vector<ledger::EntryBody> release;
  release.emplace_back(ledger::ReleaseEntry{.query = job.query.digest,
                                            .receipt = signed_receipt.digest(),
                                            .result = receipt.result.digest,
                                            .guard_state = std::nullopt,
                                            .answer = std::nullopt});
  CLOISTER_ASSIGN(const Written written, journal_->Append(std::move(release), journal_->Now(),
                                                          ledger::Handover{.query = receipt.query_id,
                                                                           .receipt = signed_receipt.compact(),
                                                                           .format = receipt.result.format}));
  return ExecutionAnswer{.outcome = ledger::Outcome::kReleased,
                         .code = "OK",
                         .receipt = signed_receipt.compact(),
                         .release_entry = written.first_entry,
                         .checkpoint = written.checkpoint};
}

// Why an approved query failed is data: which limit it met, what a cast found. The host and the ledger learn one bit.
Result<ExecutionAnswer> Enclave::RecordFailure(const Job& job, const Error& error) {
  // A host that withholds an object or a piece is no verdict on the query: the reservation stands, and it may run
  // again.
  if (error.code == Code::kUnavailable || error.code == Code::kDataLoss) return error;
  if (job.query.phase == ledger::QueryPhase::kReleasing) return FailedPrecondition("the query failed");
  MutexLock lock(mutex_);
  return RecordOutcome(job.query.digest,
                       error.code == Code::kCancelled ? CodeName(Code::kCancelled) : ledger::kFailedCode);
}

Result<ExecutionAnswer> Enclave::RecordOutcome(const Digest256& query, std::string_view code) {
  const bool cancelled = code == CodeName(Code::kCancelled);
  const ledger::Outcome outcome = cancelled ? ledger::Outcome::kCancelled : ledger::Outcome::kFailed;
  std::vector<ledger::EntryBody> entry;
  entry.emplace_back(ledger::ExecutionEntry{.query = query, .outcome = outcome, .code = std::string(code)});
  CLOISTER_ASSIGN(const Written written, journal_->Append(std::move(entry), journal_->Now()));
  return ExecutionAnswer{.outcome = outcome, .code = std::string(code), .checkpoint = written.checkpoint};
}

Status Enclave::Cancel(const QueryId& query) {
  MutexLock lock(mutex_);
  CLOISTER_TRY(Launched());
  const ledger::QueryRecord* record = journal_->state().FindQuery(query);
  if (record == nullptr || record->phase != ledger::QueryPhase::kReserved) {
    return FailedPrecondition("that query is not running");
  }
  if (running_ == query) {
    cancellation_->Cancel();
    return {};
  }
  // An enclave before this one ran it, and this one was not asked to go on with it.
  CLOISTER_TRY(RecordOutcome(record->digest, CodeName(Code::kCancelled)));
  return {};
}

}  // namespace cloister::enclave
