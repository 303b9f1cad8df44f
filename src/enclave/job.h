#pragma once

// Of the enclave's running of queries: execution.cc and guard_history.cc.

#include "enclave/enclave.h"

namespace cloister::enclave {

// A query that may have run before, for the guard against differencing.
struct Enclave::PastRun {
  Digest256 query{};
  bool ended = false;  // here, without a release: it may fail again
  sql::CompiledQuery compiled;
  std::vector<ledger::ManifestRecord> manifests;  // of what it reads
};

// What one run needs, copied out of the ledger so that the ledger is not locked while it runs.
struct Enclave::Job {
  ledger::QueryRecord query;
  ledger::ReservationEntry reservation;
  sql::CompiledQuery compiled;
  std::vector<sealing::AgeRecipient> recipients;
  std::vector<PastRun> past;  // not counted yet, in their order
  SecretBytes noise_key;
  agreement::RunBounds bounds;  // the charter's
  engine::Database* database = nullptr;
  std::shared_ptr<engine::Cancellation> cancellation;
  std::int64_t started_ms = 0;
  std::int64_t bucket_ms = 0;
  std::int64_t rows = 0;
};

}  // namespace cloister::enclave
