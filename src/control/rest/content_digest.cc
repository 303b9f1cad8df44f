#include "control/rest/content_digest.h"

#include <algorithm>

#include "codec/text.h"
#include "crypto/digest.h"

namespace cloister::control {
namespace {

constexpr std::string_view kAlgorithm = "sha-256";

Error Malformed() {
  return InvalidArgument("'Content-Digest' must be like sha-256=:BASE64: (RFC 9530), of 32 bytes for sha-256");
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool IsKey(std::string_view text) {
  const auto lower = [](char c) { return (c >= 'a' && c <= 'z') || c == '*'; };
  const auto other = [](char c) { return (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; };
  return !text.empty() && lower(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return lower(c) || other(c); });
}

struct Member {
  std::string_view algorithm;
  Bytes digest;
};

// `sha-256=:BASE64:`. Parameters behind the digest mean nothing to us.
Result<Member> ReadMember(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || !IsKey(text.substr(0, equals))) return Malformed();
  std::string_view value = text.substr(equals + 1);
  const std::size_t end = value.find(':', 1);
  if (!value.starts_with(':') || end == std::string_view::npos) return Malformed();
  const bool alone = end + 1 == value.size() || value[end + 1] == ';';
  auto digest = codec::Base64Decode(value.substr(1, end - 1));
  if (!alone || !digest) return Malformed();
  return Member{.algorithm = text.substr(0, equals), .digest = *std::move(digest)};
}

}  // namespace

Result<std::optional<Digest256>> ReadContentDigest(const net::Request& request) {
  const std::string* field = request.Header("content-digest");
  if (field == nullptr) return std::optional<Digest256>();
  std::optional<Digest256> known;
  std::string_view rest = *field;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    CLOISTER_ASSIGN(const Member member, ReadMember(Trimmed(rest.substr(0, comma))));
    if (member.algorithm == kAlgorithm) {
      if (member.digest.size() != Digest256{}.size()) return Malformed();
      known = ToArray<32>(member.digest);
    }
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  if (!known) return InvalidArgument("'Content-Digest' names no algorithm that is known here: sha-256");
  return known;
}

Status CheckContentDigest(const net::Request& request) {
  CLOISTER_ASSIGN(const auto announced, ReadContentDigest(request));
  if (announced && crypto::Sha256(AsBytes(request.body)) != *announced) {
    return InvalidArgument("the body is not the one that 'Content-Digest' announces");
  }
  return {};
}

}  // namespace cloister::control
