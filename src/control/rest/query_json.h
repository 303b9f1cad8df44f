#pragma once

// A query as the API shows it: what the ledger says, in the status words of the API. Room-private.

#include "control/rest/api.h"

namespace cloister::control {

// submitted, verifying, approved, rejected, executing, completed, error, cancelled, expired. The last is one that waits
// under terms that are gone, so that it can never run: a charter or a manifest that was replaced, an environment that
// is terminated (ledger::Readiness::endings), or whose enclave does not come back.
struct QueryMoment {
  Instant now;
  EnvironmentSession::Health health = {};
  std::optional<JobRecord> job = {};
};
std::string_view QueryStatus(const ledger::LedgerState& state, const ledger::QueryRecord& query,
                             const QueryMoment& moment);

// As the ledger has it now, in which it is recorded.
Result<codec::JsonObject> EncodeQuery(const Api& api, const Member& member, const QueryLabel& label);

// The findings of a report as `violations`.
codec::JsonArray EncodeFindings(const std::vector<agreement::ReportFinding>& findings);

}  // namespace cloister::control
