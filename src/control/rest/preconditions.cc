#include "control/rest/preconditions.h"

#include "codec/text.h"
#include "crypto/digest.h"
#include "net/server/problem.h"

namespace cloister::control {

std::string EntityTag(std::string_view content) {
  return '"' + codec::HexEncode(crypto::Sha256(AsBytes(content))).substr(0, 32) + '"';
}

namespace {

enum class Verdict { kMalformed, kOther, kNamed };

bool IsTag(std::string_view text) {
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  return text.substr(1, text.size() - 2).find_first_of("\" \t") == std::string_view::npos;
}

// 1#entity-tag. A tag may hold commas, so a list ends its members where quotes say.
Verdict LookFor(std::string_view present, std::string_view list) {
  Verdict verdict = Verdict::kMalformed;
  while (!list.empty()) {
    const std::size_t start = list.find_first_not_of(", \t");
    if (start == std::string_view::npos) break;
    list.remove_prefix(start);
    const std::size_t close = list.find('"', list.find('"') + 1);
    const std::string_view tag = list.substr(0, close == std::string_view::npos ? close : close + 1);
    list.remove_prefix(tag.size());
    const std::size_t next = list.find_first_not_of(" \t");
    if (!IsTag(tag) || (next != std::string_view::npos && list[next] != ',')) return Verdict::kMalformed;
    if (tag == present) verdict = Verdict::kNamed;
    if (verdict == Verdict::kMalformed) verdict = Verdict::kOther;
  }
  return verdict;
}

// One list, of however many fields.
std::optional<std::string> IfMatchOf(const net::Request& request) {
  std::optional<std::string> list;
  for (const auto& [name, value] : request.headers) {
    if (name == "if-match") list = list ? *list + ", " + value : value;
  }
  return list;
}

}  // namespace

bool MayHaveChangedIt(const net::Request& request) {
  const auto given = IfMatchOf(request);
  return !request.note.empty() && given && LookFor("", *given) == Verdict::kOther;
}

std::optional<net::Response> CheckIfMatch(const net::Request& request, std::string_view present) {
  const auto given = IfMatchOf(request);
  if (!given) {
    return net::ProblemResponse({.status = 428,
                                 .error = "PRECONDITION_REQUIRED",
                                 .message = "send If-Match with the ETag of what you read, so that nobody's change is "
                                            "lost"});
  }
  const Verdict verdict = *given == "*" ? Verdict::kNamed : LookFor(present, *given);
  if (verdict == Verdict::kNamed) return std::nullopt;
  if (verdict == Verdict::kMalformed) {
    return net::ProblemResponse({.status = 400,
                                 .error = "INVALID_ARGUMENT",
                                 .message = "'If-Match' must be * or ETags with their quotes, such as \"5f3a\""});
  }
  net::Response response = net::ProblemResponse({.status = 412,
                                                 .error = "PRECONDITION_FAILED",
                                                 .message = "it has changed since you read it; read it again"});
  if (!present.empty()) response.headers.emplace_back("etag", present);  // before there is anything it has no tag
  return response;
}

}  // namespace cloister::control
