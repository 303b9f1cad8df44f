#pragma once

// A query as it is given on the command line: its text from a file or standard input, its parameters from NAME=VALUE.

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/query_words.h"

namespace cloister::cli {

// "-" is standard input. At most agreement::kQueryTextBytesMax.
Result<QuerySource> ReadQueryText(Context& context, const std::string& file);
// "--param since=2020" -> {"since":2020}; what is no JSON is taken as a text.
Result<codec::JsonObject> ReadParameters(const std::vector<std::string>& parameters);

// What the noise may cost and how it is drawn; the owners' own limits where nothing is said.
template <typename V>
codec::JsonObject ReadPrivacy(const V& verb) {
  codec::JsonObject privacy;
  if (verb.epsilon) privacy["epsilon"] = *verb.epsilon;
  if (verb.delta) privacy["delta"] = *verb.delta;
  if (!verb.mechanism.empty()) privacy["mechanism"] = verb.mechanism;
  return privacy;
}

}  // namespace cloister::cli
