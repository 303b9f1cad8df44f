#include "cli/query_wait.h"

#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/server_json.h"

namespace cloister::cli {
namespace {

// What can be done about "CODE: text", in words.
std::string MendOf(std::string_view why, const codec::Json& query) {
  const std::string_view code = why.substr(0, why.find(':'));
  if (code == "FAILED") {
    return "The approved query ran and could not be finished; the enclave does not say of what. Ask for less: fewer "
           "rows or groups, or a narrower condition. The charter's limits: cloister env accept shows them";
  }
  if (code != "DATA_LOSS") return "";
  std::string datasets;
  for (const codec::Json& id : ArrayAt(query, "accesses_datasets")) {
    if (id.is_string()) datasets += (datasets.empty() ? "" : ", ") + std::string(id.get_string());
  }
  return "The file that the server stores for one of its datasets (" + datasets +
         ") is not the one that its owner signed. The operator brings the file back, or the owner uploads it anew "
         "under another name: cloister dataset upload; then submit the query again";
}

void ShowEnd(Output& out, const codec::Json& query) {
  if (out.json()) {
    out.Json(codec::JsonObject{{"query", query}});
    return;
  }
  out.Show({{"query", Printable(TextAt(query, "id"))}, {"status", Printable(TextAt(query, "status"))}});
  const std::string why = TextAt(query, "error_message");
  if (!why.empty()) out.Say(why);
  if (const std::string mend = MendOf(why, query); !mend.empty()) out.Say(mend);
}

ExitCode ExitOf(QueryStage stage) {
  switch (stage) {
    case QueryStage::kAnswered: return ExitCode::kOk;
    case QueryStage::kRefused: return ExitCode::kRefused;
    case QueryStage::kFailed: return ExitCode::kError;
    case QueryStage::kWaiting: return ExitCode::kWaiting;
    case QueryStage::kWorking: return ExitCode::kTimedOut;
  }
  internal::CheckFailed(__FILE__, __LINE__, "a QueryStage outside its enumeration");
}

}  // namespace

QueryStage StageOf(std::string_view status) {
  if (status == "completed") return QueryStage::kAnswered;
  if (status == "rejected" || status == "refused" || status == "expired") return QueryStage::kRefused;
  if (status == "error" || status == "failed" || status == "cancelled") return QueryStage::kFailed;
  if (status == "submitted" || status == "verifying") return QueryStage::kWaiting;
  return QueryStage::kWorking;  // approved, executing
}

Result<ExitCode> WaitForQuery(Session& session, const QueryId& id) {
  Context& context = session.context();
  const std::int64_t until_ms = context.clock.MonotonicMs() + context.flags.timeout_ms;
  std::string shown;
  for (;;) {
    CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(QueryPath(id)));
    const codec::Json& query = MemberAt(answer, "query");
    const std::string status = TextAt(query, "status");
    if (status.empty()) return Unavailable("the server's answer has no query's status; is this a Cloister server?");
    const QueryStage stage = StageOf(status);
    if (status != shown) context.out.Say(Printable(status));
    shown = status;
    const bool over = context.clock.MonotonicMs() >= until_ms;
    if (over || (stage != QueryStage::kWaiting && stage != QueryStage::kWorking)) {
      ShowEnd(context.out, query);
      return ExitOf(stage);
    }
    context.sleep(kPollEveryMs);
  }
}

}  // namespace cloister::cli
