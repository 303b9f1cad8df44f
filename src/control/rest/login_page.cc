#include "control/rest/login_page.h"

namespace cloister::control {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

bool WantsPage(const net::Request& request) {
  const std::string* accept = request.Header("accept");
  return accept != nullptr && accept->find("text/html") != std::string::npos;
}

net::Response LoginFailedPage(int status, std::string_view message) {
  net::Response response;
  response.status = status;
  response.headers = {{"content-type", "text/html; charset=utf-8"},
                      {"content-security-policy",
                       "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'"},
                      {"referrer-policy", "no-referrer"}};
  if (status == 503 || status == 429) response.headers.emplace_back("retry-after", "1");
  response.body =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\">"
      "<title>Not logged in</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head>"
      "<body><main><h1>You are not logged in</h1><p>" +
      Escaped(message) + "</p><p><a href=\"/api/login\">Log in again</a></p></main></body></html>\n";
  return response;
}

}  // namespace cloister::control
