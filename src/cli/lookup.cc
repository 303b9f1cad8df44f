#include "cli/lookup.h"

#include "cli/server_json.h"

namespace cloister::cli {
namespace {

constexpr std::string_view kEnvironmentsPath = "/api/tee/environments";

constexpr int kPagesMax = 1000;

Error NoList(std::string_view name) {
  return Unavailable("the server's answer has no list '" + std::string(name) + "'; is this a Cloister server?");
}

Status TakeItems(const codec::Json& answer, std::string_view name, codec::JsonArray& items) {
  const codec::Json& list = MemberAt(answer, name);
  if (!list.is_array()) return NoList(name);
  for (const codec::Json& item : list.get_array()) {
    if (!item.is_object()) return NoList(name);
    items.push_back(item);
  }
  return {};
}

// The id of the one object that is named so.
Result<std::string> IdOfName(const codec::JsonArray& objects, std::string_view what, const std::string& name) {
  std::string ids;
  std::string found;
  for (const codec::Json& object : objects) {
    if (TextAt(object, "name") != name) continue;
    found = TextAt(object, "id");
    ids += (ids.empty() ? "" : ", ") + found;
  }
  if (found.empty()) return NotFound("there is no " + std::string(what) + " '" + name + "' that you may see");
  if (ids != found) return Conflict("several are named '" + name + "'; use one of these ids: " + ids);
  return found;
}

}  // namespace

std::string EnvironmentPath(const EnvironmentId& id) { return std::string(kEnvironmentsPath) + "/" + id.str(); }
std::string DatasetPath(const DatasetId& id) { return "/api/tee/datasets/" + id.str(); }
std::string QueryPath(const QueryId& id) { return "/api/tee/queries/" + id.str(); }

Result<codec::JsonArray> FetchList(Session& session, const std::string& path, std::string_view name) {
  codec::JsonArray items;
  std::string target = path;
  for (int page = 0; page < kPagesMax; ++page) {
    CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(target));
    CLOISTER_TRY(TakeItems(answer, name, items));
    const std::string cursor = TextAt(answer, "next_cursor");
    if (cursor.empty()) return items;
    target = path + "?cursor=" + net::EncodeSegment(cursor);
  }
  return ResourceExhausted("the server's list '" + std::string(name) + "' does not end");
}

Result<codec::JsonArray> ListEnvironments(Session& session) {
  return FetchList(session, std::string(kEnvironmentsPath), "tees");
}

Result<codec::JsonArray> ListObjects(Session& session, const std::string& environment, std::string_view kind) {
  codec::JsonArray environments;
  if (environment.empty()) {
    CLOISTER_ASSIGN(environments, ListEnvironments(session));
  } else {
    CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(session, environment));
    environments.push_back(codec::JsonObject{{"id", named.id.str()}});
  }
  codec::JsonArray objects;
  for (const codec::Json& each : environments) {
    CLOISTER_ASSIGN(const EnvironmentId id, EnvironmentId::Parse(TextAt(each, "id")));
    CLOISTER_ASSIGN(const codec::JsonArray found,
                    FetchList(session, EnvironmentPath(id) + "/" + std::string(kind), kind));
    objects.insert(objects.end(), found.begin(), found.end());
  }
  return objects;
}

Result<NamedEnvironment> FindEnvironment(Session& session, const std::string& text) {
  if (Result<EnvironmentId> id = EnvironmentId::Parse(text)) return NamedEnvironment(*std::move(id));
  CLOISTER_ASSIGN(const codec::JsonArray environments, ListEnvironments(session));
  CLOISTER_ASSIGN(const std::string found, IdOfName(environments, "environment", text));
  CLOISTER_ASSIGN(EnvironmentId id, EnvironmentId::Parse(found));
  return NamedEnvironment(std::move(id), text);
}

Status CheckName(std::string_view what, const std::string& text, const std::string& signed_name) {
  const bool is_id = EnvironmentId::Parse(text) || DatasetId::Parse(text) || QueryId::Parse(text);
  if (is_id || text == signed_name) return {};
  return VerificationFailed("the server says that '" + text + "' is a " + std::string(what) +
                            " whose signed name is '" + signed_name + "'");
}

Result<DatasetId> FindDataset(Session& session, const std::string& text) {
  if (Result<DatasetId> id = DatasetId::Parse(text)) return id;
  CLOISTER_ASSIGN(const codec::JsonArray datasets, ListObjects(session, "", "datasets"));
  CLOISTER_ASSIGN(const std::string id, IdOfName(datasets, "dataset", text));
  return DatasetId::Parse(id);
}

Result<QueryId> FindQuery(Session& session, const std::string& text) {
  if (Result<QueryId> id = QueryId::Parse(text)) return id;
  CLOISTER_ASSIGN(const codec::JsonArray queries, ListObjects(session, "", "queries"));
  CLOISTER_ASSIGN(const std::string id, IdOfName(queries, "query", text));
  return QueryId::Parse(id);
}

}  // namespace cloister::cli
