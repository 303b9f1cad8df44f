#pragma once

// A query as the API shows it: what the ledger says, in the status words of the API. Room-private.

#include "control/rest/api.h"

namespace cloister::control {

// submitted, verifying, approved, rejected, executing, completed, error, cancelled.
std::string_view QueryStatus(const ledger::LedgerState& state, const ledger::QueryRecord& query,
                             const std::optional<JobRecord>& job, Instant now);

Result<codec::JsonObject> EncodeQuery(const Api& api, const Member& member, const QueryLabel& label,
                                      const ledger::QueryRecord& query);

// Who decided what and when, in the order of the ledger.
Result<codec::JsonArray> EncodeDecisions(const Api& api, const Member& member, const ledger::QueryRecord& query);

// The findings of a report as `violations`.
codec::JsonArray EncodeFindings(const std::vector<agreement::ReportFinding>& findings);

}  // namespace cloister::control
