#pragma once

// A query as it comes in a request, decoded strictly. Room-private.

#include <optional>
#include <string>
#include <vector>

#include "control/rest/api.h"

namespace cloister::control {

struct QueryBody {
  std::string name;
  std::string description;
  std::string text;
  std::vector<std::string> datasets;    // ids or names; empty: all of the environment
  std::vector<std::string> recipients;  // e-mail addresses or thumbprints; empty: all participants
  std::string level = "aggregate_only";
  codec::JsonObject parameters;
  codec::JsonObject privacy;  // parameters of the level: epsilon, delta, mechanism
  std::optional<std::string> document;
};

// `for_check`: nothing is stored, so nothing needs a name or a signature. kInvalidArgument names the member.
Result<QueryBody> DecodeQueryBody(const codec::Json& json, bool for_check);

}  // namespace cloister::control
