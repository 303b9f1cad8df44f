#pragma once

// Waiting for an answer, with the steps on standard error as they come.

#include "base/id.h"
#include "cli/exit_code.h"
#include "cli/session.h"

namespace cloister::cli {

inline constexpr std::int64_t kPollEveryMs = 500;

// Where a status (05: submitted, verifying, approved, ...) leads.
enum class QueryStage { kWaiting, kWorking, kAnswered, kRefused, kFailed };
QueryStage StageOf(std::string_view status);

// kOk when it is answered, kRefused when it was rejected or refused, kError when it failed or was cancelled. When the
// time of
// --timeout is over: kWaiting while approvals are missing, else kTimedOut.
Result<ExitCode> WaitForQuery(Session& session, const QueryId& id);

}  // namespace cloister::cli
