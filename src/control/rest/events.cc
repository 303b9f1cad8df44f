// GET /api/tee/events: what changes in the caller's environments, as it changes (Server-Sent Events, the HTML standard
// section 9.2). The id of an event is its place in the server's change sequence. What a change says before the change
// itself has the id before it: whoever comes back with Last-Event-ID misses nothing, and may see the last change again.
// A status is the one of when the event is sent: the sequence knows what changed, not to what.
//
//   retry: 3000
//   : cloister
//   id: 41                    where the stream stands, for whoever does not say where he left off
//
//   id: 42
//   event: query
//   data: {"kind":"query","environment":"env_...","id":"qry_...","status":"completed"}
//
// GET /api/tee/ws: the same in texts of a WebSocket (RFC 6455), the number as the member `event_id`.

#include <algorithm>
#include <memory>

#include "control/rest/environment_json.h"
#include "control/rest/query_json.h"
#include "control/rest/routes.h"
#include "control/rest/seats.h"
#include "control/rest/web_socket.h"
#include "control/workflow/change_subjects.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kChangesAtOnce = 64;
constexpr std::int64_t kPingMs = 15'000;  // so that proxies and both ends know that the line is alive
constexpr std::string_view kOpening = "retry: 3000\n: cloister\n";
constexpr int kStreamsPerUserMax = 16;  // of the server's 128: nobody keeps all others out

enum class Form { kStream, kSocket };

using Streams = Seats<UserId>;  // of each user, in whatever form

std::string Block(Form form, codec::JsonObject data, std::int64_t id) {
  if (form == Form::kSocket) {
    data["event_id"] = id;
    return codec::WriteJson(codec::Json(std::move(data))) + "\n";
  }
  const std::string kind(data.at("kind").as_string());
  return "id: " + std::to_string(id) + "\nevent: " + kind + "\ndata: " + codec::WriteJson(codec::Json(data)) + "\n\n";
}

class EventSource final : public net::EventSource {
 public:
  struct Terms {
    std::int64_t seq = 0;  // told already
    bool resumes = false;  // by an id that the client has
    Form form = Form::kStream;
    std::unique_ptr<Streams::Seat> place;
  };
  EventSource(const Api& api, net::Request request, Terms terms)
      : api_(api),
        request_(std::move(request)),
        place_(std::move(terms.place)),
        form_(terms.form),
        seq_(terms.seq),
        pinged_ms_(api.clock.MonotonicMs()),
        opening_(terms.form == Form::kStream ? Opening(terms) : "") {}

  // Key or session is looked at each time: a stream does not outlive it, and does not keep it alive.
  Result<std::string> Poll() override {
    CLOISTER_ASSIGN(Caller caller, Authenticate(api_, request_, SessionStore::Use::kLookedAt));
    caller.asked_by_own_page = false;  // a stream that is open asks for nothing: nobody comes in by it
    CLOISTER_ASSIGN(const auto changes, api_.store.changes.After(seq_, kChangesAtOnce));
    std::string text = std::exchange(opening_, "");
    for (const ChangeRecord& change : changes) {
      const auto member = RequireMember(api_, caller, change.environment);
      if (member) text += Render(*member, change);
      seq_ = change.seq;
    }
    const std::int64_t now_ms = api_.clock.MonotonicMs();
    if (text.empty() && now_ms - pinged_ms_ >= kPingMs) text = form_ == Form::kStream ? ": ping\n\n" : "\n";
    if (!text.empty()) pinged_ms_ = now_ms;
    return text;
  }

 private:
  // Whoever is cut off before his first event comes back to here: an event without data gives its id to the client.
  static std::string Opening(const Terms& terms) {
    return std::string(kOpening) + (terms.resumes ? "" : "id: " + std::to_string(terms.seq) + "\n") + "\n";
  }

  // The change's own number stands beside the last alone: a stream that breaks in between says them all again.
  std::string Render(const Member& member, const ChangeRecord& change) const {
    const auto subjects = SubjectsOf(*member.session, change);
    std::string text;
    for (const ChangeSubject& subject : subjects) {
      auto data = Describe(member, change, subject);
      const bool last = &subject == &subjects.back();
      if (data) text += Block(form_, *std::move(data), last ? change.seq : change.seq - 1);
    }
    return text;
  }

  // Absent for a query that nobody works on any more.
  std::optional<codec::JsonObject> Describe(const Member& member, const ChangeRecord& change,
                                            const ChangeSubject& subject) const {
    codec::JsonObject data{
        {"kind", subject.kind}, {"environment", change.environment.str()}, {"id", subject.id}};
    if (subject.kind == "tee") data["status"] = EnvironmentStatus(*member.session);
    if (subject.kind == "dataset") {
      const auto dataset = api_.store.datasets.Find(*DatasetId::Parse(subject.id));
      data["status"] = dataset && *dataset ? DatasetStatusName((*dataset)->status) : "removed";
    }
    if (subject.kind == "query") {
      const auto status = StatusOf(member, *QueryId::Parse(subject.id));
      if (!status) return std::nullopt;
      data["status"] = *status;
    }
    if (subject.kind == "ledger") {
      const auto [from, size] = LedgerPositions(change);
      data["from"] = from;
      data["size"] = size;
    }
    return data;
  }

  std::optional<std::string> StatusOf(const Member& member, const QueryId& id) const {
    const auto job = api_.store.queries.FindJob(id);
    if (!job) return std::nullopt;
    const QueryMoment moment{.now = api_.clock.Now(), .health = member.session->health(), .job = *job};
    return member.session->Look([&](const ledger::LedgerState& state) -> std::optional<std::string> {
      const ledger::QueryRecord* query = state.FindQuery(id);
      if (query == nullptr) return std::nullopt;
      return std::string(QueryStatus(state, *query, moment));
    });
  }

  const Api& api_;
  const net::Request request_;
  const std::unique_ptr<Streams::Seat> place_;
  const Form form_;
  std::int64_t seq_;
  std::int64_t pinged_ms_;
  std::string opening_;
};

// Where the caller left off; without a word of it, now. An id that no event had yet (of a server that lost its last
// seconds, say) is now too: waiting for the sequence to come there would hide what happens until then.
Result<std::int64_t> StartOf(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const std::int64_t newest, api.store.changes.Newest());
  net::Request given;
  if (const std::string* field = request.Header("last-event-id")) {
    if (field->size() > 12 || (field->size() > 1 && field->starts_with('0'))) {
      return InvalidArgument("'Last-Event-ID' must be the id of an event");
    }
    given.query["last_event_id"] = *field;
  } else if (request.query.contains("last_event_id")) {
    given.query = request.query;
  } else {
    return newest;
  }
  CLOISTER_ASSIGN(const std::uint64_t seq, QueryNumber(given, "last_event_id", 0));
  return std::min(static_cast<std::int64_t>(seq), newest);
}

Result<std::unique_ptr<net::EventSource>> Begin(const Api& api, const Streams& streams, const net::Request& request,
                                                Form form) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  EventSource::Terms terms{.form = form};
  CLOISTER_ASSIGN(terms.seq, StartOf(api, request));
  terms.resumes = request.Header("last-event-id") != nullptr || request.query.contains("last_event_id");
  terms.place = streams.Take(caller.user.id);
  if (terms.place == nullptr) {
    return ResourceExhausted("you have " + std::to_string(kStreamsPerUserMax) +
                             " event streams open, as many as one may; close one first");
  }
  return std::unique_ptr<net::EventSource>(std::make_unique<EventSource>(api, request, std::move(terms)));
}

Result<net::Response> Open(const Api& api, const Streams& streams, const net::Request& request) {
  net::Response response;
  response.headers = {{"content-type", "text/event-stream"}, {"x-accel-buffering", "no"}};
  CLOISTER_ASSIGN(response.events, Begin(api, streams, request, Form::kStream));
  return response;
}

Result<net::Response> OpenSocket(const Api& api, const Streams& streams, const net::Request& request) {
  CLOISTER_TRY(Authenticate(api, request));
  CLOISTER_ASSIGN(net::Response response, AnswerHandshake(request));
  if (response.status != 101) return response;
  CLOISTER_ASSIGN(response.events, Begin(api, streams, request, Form::kSocket));
  return response;
}

}  // namespace

void AddEventRoutes(net::Router& router, const Api& api) {
  const Streams streams(kStreamsPerUserMax);
  router.Add("GET", "/api/tee/events",
             [&api, streams](const net::Request& request) { return Open(api, streams, request); });
  router.Add("GET", "/api/tee/ws",
             [&api, streams](const net::Request& request) { return OpenSocket(api, streams, request); });
}

}  // namespace cloister::control
