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

}  // namespace cloister::cli
