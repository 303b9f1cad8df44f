#pragma once

// What people call things, into identifiers: an id is taken as it is, a name must belong to exactly one of the objects
// that the caller may see.

#include <string>

#include "base/id.h"
#include "cli/session.h"

namespace cloister::cli {

Result<EnvironmentId> FindEnvironment(Session& session, const std::string& text);
Result<DatasetId> FindDataset(Session& session, const std::string& text);
Result<QueryId> FindQuery(Session& session, const std::string& text);

// "/api/tee/environments/ID" and so on.
std::string EnvironmentPath(const EnvironmentId& id);
std::string DatasetPath(const DatasetId& id);
std::string QueryPath(const QueryId& id);

// The objects of one environment, or of all if `environment` is empty. `kind` is "datasets" or "queries".
Result<codec::JsonArray> ListObjects(Session& session, const std::string& environment, std::string_view kind);

}  // namespace cloister::cli
