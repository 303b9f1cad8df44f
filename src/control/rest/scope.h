#pragma once

// What an API key is good for. A key's scopes narrow what its owner may do by it; they never add to it.
//
//   read    every GET
//   data    datasets: register, upload, describe, remove
//   query   submit, check and cancel queries
//   decide  approve and reject, accept charters
//   manage  environments and their participants, one's own keys
//   admin   the administrator's routes

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cloister::control {

inline constexpr std::string_view kAllScopes = "read data query decide manage admin";

// The scope that a route asks for. Every route has one; an unknown method is a broken invariant.
std::string_view ScopeOf(std::string_view method, std::string_view pattern);

// Whether `scopes`, words with a space between them, hold `scope`.
bool HasScope(std::string_view scopes, std::string_view scope);

// Sorted as kAllScopes, each once. kInvalidArgument names an unknown one.
Result<std::string> JoinScopes(const std::vector<std::string>& scopes);
std::vector<std::string> SplitScopes(std::string_view scopes);

}  // namespace cloister::control
