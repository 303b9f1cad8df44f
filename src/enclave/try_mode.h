#pragma once

// The compile-only process, one step further: what the query would answer on rows of nobody. The rows are made in here
// from the manifests' schemas and policies (agreement/synthetic_rows.h); the request has no place for data, and the
// process has no key.
//
//   request   the compile-only process's, and "synthetic":{"seed":1,"people":1000,"thresholds":true}
//   answer    the verdict, and for an accepted query "synthetic":{"seed","people","thresholds",
//             "result":{"columns","rows"}}, or "failure":{"code","message"} instead when the engine met a limit
//
// Without thresholds the query is compiled a second time as if one person were a group, so that a plan that shows
// nothing for want of people can be seen to work. The verdict is always the real policies'.

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/database.h"
#include "sql/statement_parser.h"

namespace cloister::enclave {

// Canonical JSON.
Result<std::string> AnswerTry(std::string_view request, sql::StatementParser& parser, engine::Database& database);

}  // namespace cloister::enclave
