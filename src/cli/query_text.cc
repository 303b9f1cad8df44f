#include "cli/query_text.h"

#include <iterator>

#include "cli/durable_file.h"

namespace cloister::cli {

Result<QuerySource> ReadQueryText(Context& context, const std::string& file) {
  if (file != "-") {
    CLOISTER_ASSIGN(std::string text, ReadFile(file, agreement::kQueryTextBytesMax));
    return QuerySource{file, std::move(text)};
  }
  std::string text(std::istreambuf_iterator<char>(context.input), {});
  if (text.size() > agreement::kQueryTextBytesMax) {
    return ResourceExhausted("a query's text is at most " + std::to_string(agreement::kQueryTextBytesMax) + " bytes");
  }
  return QuerySource{"query", std::move(text)};
}

// "--param since=2020" -> {"since":2020}; what is no JSON is taken as a text.
Result<codec::JsonObject> ReadParameters(const std::vector<std::string>& parameters) {
  codec::JsonObject object;
  for (const std::string& each : parameters) {
    const std::size_t equals = each.find('=');
    if (equals == 0 || equals == std::string::npos) return InvalidArgument("--param must read NAME=VALUE");
    const std::string value = each.substr(equals + 1);
    Result<codec::Json> json = codec::ParseJson(value);
    object[each.substr(0, equals)] = json ? std::move(json).value() : codec::Json(value);
  }
  return object;
}

}  // namespace cloister::cli
