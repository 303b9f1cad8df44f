#pragma once

// What a LedgerState knows of boots, charters, datasets and queries: plain records, each with the index of
// the entry that made it.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/approval_rule.h"
#include "agreement/chain.h"
#include "agreement/charter.h"
#include "agreement/enclave_documents.h"
#include "agreement/link.h"
#include "ledger/entry.h"

namespace cloister::ledger {

struct BootRecord {
  std::uint64_t entry = 0;
  BootEntry boot;
};

struct CharterRecord {
  std::uint64_t entry = 0;
  Instant recorded = {};
  Instant changed = {};  // by the latest acceptance
  agreement::Charter charter;
  Digest256 digest{};
  Digest256 recipient_commitment{};
  std::map<agreement::Thumbprint, Digest256> acceptances = {};  // digest of the acceptance link
  std::optional<std::uint64_t> in_force_from = {};              // entry of the last acceptance it needed
};

struct ManifestRecord {
  std::uint64_t entry = 0;
  Instant recorded = {};
  Digest256 digest{};  // of the manifest link: what queries name
  agreement::Manifest manifest;
  bool revoked = false;
  std::optional<std::uint64_t> revoked_entry = {};
  Instant changed = {};  // recorded, or revoked
};

struct DatasetRecord {
  DatasetId dataset;
  agreement::Thumbprint owner = {};
  std::vector<ManifestRecord> versions = {};  // 1, 2, ... as recorded; at least one
};

struct ApprovalRecord {
  std::uint64_t entry = 0;
  Digest256 digest{};
  Instant not_after = {};
  bool revoked = false;
};

// How far a query has come, as far as the ledger alone says. Whether its approvals suffice at a given time is
// LedgerState::ReadinessOf.
enum class QueryPhase {
  kSubmitted,  // recorded, no report yet
  kRefused,    // the report says no
  kReported,   // waiting for approvals, or approved and not begun
  kRejected,   // somebody without whom it cannot run said no
  kWithdrawn,  // by its submitter
  kReserved,   // charged; running, or interrupted
  kReleasing,  // executed, release entry to follow
  kReleased,
  kFailed,
  kCancelled,
};
std::string_view QueryPhaseName(QueryPhase phase);
// Whether nothing more can happen to it.
bool IsFinal(QueryPhase phase);

struct QueryRecord {
  std::uint64_t entry = 0;
  Instant recorded = {};
  Instant changed = {};  // by the newest entry that says something of it
  Digest256 digest{};    // of the query link: what approvals name
  agreement::Thumbprint submitter = {};
  agreement::QueryRequest request;
  std::string document = {};  // the query link itself
  std::set<agreement::Thumbprint> owners_read = {};
  QueryPhase phase = QueryPhase::kSubmitted;
  bool charges_given_back = false;  // of kRejected

  std::optional<std::uint64_t> report_entry = {};
  std::optional<agreement::Report> report = {};
  std::string report_document = {};
  std::map<agreement::Thumbprint, ApprovalRecord> approvals = {};  // the latest of each
  std::set<agreement::Thumbprint> ever_approved = {};  // who signed one at all, with effect or without
  std::map<agreement::Thumbprint, Digest256> rejections = {};      // who said no last, and by which link
  std::optional<std::uint64_t> reservation_entry = {};
  std::optional<ReservationEntry> reservation = {};
  std::optional<std::uint64_t> execution_entry = {};
  std::optional<ExecutionEntry> execution = {};
  std::optional<std::uint64_t> release_entry = {};
  std::optional<ReleaseEntry> release = {};
};

}  // namespace cloister::ledger
