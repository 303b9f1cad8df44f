#pragma once

// What people call things, into identifiers: an id is taken as it is, a name must belong to exactly one of the objects
// that the caller may see. Which object a name means is the server's word, so the name stays with the id until it was
// compared with what the participant signed or verified: VerifyEnvironment (the charter's name), FindKnownQuery (the
// signed query's), CheckDatasetName (the manifest's).

#include <string>

#include "base/id.h"
#include "cli/session.h"

namespace cloister::cli {

struct NamedEnvironment {
  NamedEnvironment(EnvironmentId known) : id(std::move(known)) {}  // nobody's word: an id is what it is
  NamedEnvironment(EnvironmentId found, std::string by) : id(std::move(found)), name(std::move(by)) {}
  EnvironmentId id;
  std::string name;  // by which it was asked for; empty when by its id
};
Result<NamedEnvironment> FindEnvironment(Session& session, const std::string& text);
Result<DatasetId> FindDataset(Session& session, const std::string& text);
Result<QueryId> FindQuery(Session& session, const std::string& text);

// kVerificationFailed when `text` is a name (no id) and not the one that stands in what was signed.
Status CheckName(std::string_view what, const std::string& text, const std::string& signed_name);

// "/api/tee/environments/ID" and so on.
std::string EnvironmentPath(const EnvironmentId& id);
std::string DatasetPath(const DatasetId& id);
std::string QueryPath(const QueryId& id);

// The objects of a list route, page after page. kUnavailable for an answer without such a list: that is another server,
// and must not look like one that has nothing.
Result<codec::JsonArray> FetchList(Session& session, const std::string& path, std::string_view name);
Result<codec::JsonArray> ListEnvironments(Session& session);
// The objects of one environment, or of all if `environment` is empty. `kind` is "datasets" or "queries".
Result<codec::JsonArray> ListObjects(Session& session, const std::string& environment, std::string_view kind);

}  // namespace cloister::cli
