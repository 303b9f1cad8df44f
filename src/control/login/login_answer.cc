#include "control/login/login_answer.h"

#include <algorithm>

namespace cloister::control {
namespace {

constexpr std::size_t kIssuerCharsMax = 512;

// RFC 6749 appendix A.11: a code is visible ASCII, or space; ours to send on, so no more than that.
bool IsCode(const std::string& text) {
  return !text.empty() && text.size() <= kCodeCharsMax &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool IsState(const std::string& text) {
  return text.size() == kStateChars && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

const std::string* Find(const std::map<std::string, std::string>& query, const char* name) {
  const auto found = query.find(name);
  return found == query.end() ? nullptr : &found->second;
}

}  // namespace

Result<LoginAnswer> ReadLoginAnswer(const std::map<std::string, std::string>& query) {
  const std::string* state = Find(query, "state");
  const std::string* code = Find(query, "code");
  const std::string* error = Find(query, "error");
  const std::string* issuer = Find(query, "iss");
  if (state == nullptr || !IsState(*state)) return InvalidArgument("'state' is not of a login that was begun here");
  if ((code == nullptr) == (error == nullptr)) return InvalidArgument("one of 'code' and 'error' is needed");
  if (code != nullptr && !IsCode(*code)) return InvalidArgument("'code' is malformed");
  if (issuer != nullptr && issuer->size() > kIssuerCharsMax) return InvalidArgument("'iss' is malformed");
  return LoginAnswer{.state = *state,
                     .code = code != nullptr ? *code : "",
                     .denied = error != nullptr && *error == "access_denied",
                     .issuer = issuer != nullptr ? std::optional(*issuer) : std::nullopt};
}

}  // namespace cloister::control
