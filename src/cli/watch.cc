// `watch`: status changes as they come: the server's event stream where it has one, otherwise its lists asked again and
// again. What it shows is the server's word; what counts is read from the ledger by the other verbs.

#include <map>
#include <optional>

#include "cli/event_stream.h"
#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/query_wait.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "net/client/problem.h"

namespace cloister::cli {
namespace {

constexpr std::int64_t kPollChangesEveryMs = 2'000;
constexpr std::int64_t kEndMs = 200;  // the transport's clock may ring so much before ours

// "2026-11-22T08:36:00Z  query qry_... approved  spend by ward", or the event itself as one line of JSON.
void ShowChange(Context& context, const codec::JsonObject& change) {
  if (context.out.json()) {
    context.out.Line(codec::WriteJson(codec::Json(change)));
  } else {
    const codec::Json json(change);
    std::string line = FormatRfc3339(context.clock.Now()) + "  " + Printable(TextAt(json, "kind")) + " " +
                       Printable(TextAt(json, "id")) + "  " + Printable(TextAt(json, "status"));
    const std::string name = TextAt(json, "name");
    context.out.Line(name.empty() ? line : line + "  " + Printable(name));
  }
  context.out.Flush();
}

// What an event of the server says, in the words above; members that it has besides stay in the JSON.
codec::JsonObject ChangeOf(const ServerEvent& event) {
  const Result<codec::Json> json = codec::ParseJson(event.data);
  codec::JsonObject change = json && json->is_object() ? json->get_object() : codec::JsonObject{{"text", event.data}};
  if (!change.contains("kind")) change["kind"] = event.type;
  if (!change.contains("id")) {
    for (const char* name : {"query", "dataset", "environment"}) {
      const codec::Json* value = change.if_contains(name);
      if (value != nullptr && value->is_string()) change["id"] = *value;
      if (change.contains("id")) break;
    }
  }
  return change;
}

// Statuses that were shown last, by id.
class Poll {
 public:
  Poll(Session& session, std::string environment) : session_(session), environment_(std::move(environment)) {}

  Status Once(bool silent) {
    for (const std::string_view kind : {"datasets", "queries"}) {
      CLOISTER_ASSIGN(const codec::JsonArray objects, ListObjects(session_, environment_, kind));
      for (const codec::Json& object : objects) Note(kind == "queries" ? "query" : "dataset", object, silent);
    }
    return {};
  }

 private:
  void Note(const char* kind, const codec::Json& object, bool silent) {
    const std::string id = TextAt(object, "id");
    const std::string status = TextAt(object, "status");
    std::string& known = statuses_[id];
    const bool changed = known != status;
    known = status;
    if (!changed || silent) return;
    ShowChange(session_.context(),
               {{"kind", kind}, {"id", id}, {"status", status}, {"name", TextAt(object, "name")}});
  }

  Session& session_;
  std::string environment_;
  std::map<std::string, std::string> statuses_;
};

// Until the time is over.
Status PollChanges(Session& session, const std::string& environment, std::int64_t until_ms) {
  Context& context = session.context();
  Poll poll(session, environment);
  CLOISTER_TRY(poll.Once(true));
  while (context.clock.MonotonicMs() < until_ms) {
    context.sleep(kPollChangesEveryMs);
    CLOISTER_TRY(poll.Once(false));
  }
  return {};
}

// Whether it is worth another try: the server was there before.
bool MayComeBack(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded;
}

// What came of one connection to the event stream.
enum class Followed { kBroke, kTimeOver, kNoSuchRoute };

Result<Followed> FollowOnce(Session& session, EventStream& stream, std::int64_t until_ms) {
  const Clock& clock = session.context().clock;
  net::HttpRequest request{.target = "/api/tee/events",
                           .fields = {{"Accept", "text/event-stream"}},
                           .download = &stream,
                           .answer_bytes_max = kStreamBytesMax,
                           .timeout_ms = until_ms - clock.MonotonicMs(),
                           .once = true};
  if (!stream.last_id().empty()) request.fields.push_back({"Last-Event-ID", stream.last_id()});
  const Result<net::HttpAnswer> answer = session.api().Send(std::move(request));
  if (!answer) {
    if (!stream.heard()) return answer.error();
    if (!MayComeBack(answer.error())) return answer.error();
    // One that says nothing for long, though a line that lives is pinged, is away: the time is not over by that.
    return clock.MonotonicMs() >= until_ms - kEndMs ? Followed::kTimeOver : Followed::kBroke;
  }
  if (answer->status == 429) return Unavailable("the server follows as many streams of yours as it may");
  if (answer->status == 404 || answer->status == 405) return Followed::kNoSuchRoute;
  if (!answer->ok()) return net::ProblemError(*answer);
  if (!answer->Field("Content-Type").starts_with("text/event-stream")) {
    return Unavailable("the server answered with something that is no event stream; is this a Cloister server?");
  }
  return Followed::kBroke;
}

// False when the server has no such route. A server that is not there at first is an error at once, and one that went
// away and did not come back is one at the end: whoever waits for a change must not take silence for none.
Result<bool> FollowStream(Session& session, const std::string& environment, std::int64_t until_ms) {
  Context& context = session.context();
  EventStream stream([&](const ServerEvent& event) {
    const codec::JsonObject change = ChangeOf(event);
    const std::string of = TextAt(codec::Json(change), "environment");
    if (environment.empty() || of.empty() || of == environment) ShowChange(context, change);
  });
  bool known = false;
  std::optional<Error> away;
  for (;;) {
    if (context.clock.MonotonicMs() >= until_ms - kEndMs) return away ? Result<bool>(*away) : Result<bool>(true);
    const Result<Followed> followed = FollowOnce(session, stream, until_ms);
    if (followed && *followed == Followed::kTimeOver) return true;
    if (followed && *followed == Followed::kNoSuchRoute) return false;
    if (!followed && (!known || !MayComeBack(followed.error()))) return followed.error();
    known = true;
    if (!followed && !away) context.out.Say("the server is away; trying again");
    away = followed ? std::nullopt : std::optional(followed.error());
    context.sleep(away ? kPollChangesEveryMs : kPollEveryMs);  // it goes on where it was
  }
}

}  // namespace

Result<ExitCode> Run(Context& context, const WatchVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  std::string environment;
  if (!verb.environment.empty()) {
    CLOISTER_ASSIGN(const NamedEnvironment id, FindEnvironment(*session, verb.environment));
    environment = id.id.str();
  }
  const std::int64_t until_ms = context.clock.MonotonicMs() + context.flags.timeout_ms;
  CLOISTER_ASSIGN(const bool streamed, FollowStream(*session, environment, until_ms));
  if (!streamed) {
    context.out.Say("this server has no event stream; asking it every two seconds");
    CLOISTER_TRY(PollChanges(*session, environment, until_ms));
  }
  return ExitCode::kOk;
}

}  // namespace cloister::cli
