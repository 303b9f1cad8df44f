#include "sealing/age_header.h"

#include <algorithm>

#include "base/check.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"

namespace cloister::sealing {
namespace {

constexpr std::string_view kVersionLine = "age-encryption.org/v1";
constexpr std::string_view kStanzaMark = "-> ";
constexpr std::string_view kMacMark = "---";
constexpr std::size_t kColumns = 64;
constexpr std::size_t kMacChars = 43;  // 32 bytes of unpadded base64

// Hands out lines, which must all end in a line feed, and counts them for messages.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}
  bool AtEnd() const { return rest_.empty(); }
  bool NextStartsWith(std::string_view mark) const { return rest_.starts_with(mark); }

  Result<std::string_view> Next() {
    ++number_;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) return Fail("it has no end");
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }
  Error Fail(std::string_view problem) const {
    return InvalidArgument("age header, line " + std::to_string(number_) + ": " + std::string(problem));
  }

 private:
  std::string_view rest_;
  int number_ = 0;
};

bool IsArgument(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<std::vector<std::string>> ParseArguments(LineReader& lines) {
  if (!lines.NextStartsWith(kStanzaMark)) {
    (void)lines.Next();
    return lines.Fail("a stanza, '-> ' and its type, is expected");
  }
  CLOISTER_ASSIGN(std::string_view line, lines.Next());
  line.remove_prefix(kStanzaMark.size());
  std::vector<std::string> arguments;
  for (bool more = true; more;) {
    const std::size_t end = line.find(' ');
    more = end != std::string_view::npos;
    const std::string_view argument = line.substr(0, end);
    if (!IsArgument(argument)) return lines.Fail("arguments are visible ASCII, each behind one space");
    arguments.emplace_back(argument);
    if (more) line.remove_prefix(end + 1);
  }
  return arguments;
}

Result<Bytes> ParseBody(LineReader& lines) {
  Bytes body;
  for (bool more = true; more;) {
    CLOISTER_ASSIGN(const std::string_view line, lines.Next());
    if (line.size() > kColumns) return lines.Fail("a body line is longer than 64 columns");
    auto piece = codec::Base64DecodeUnpadded(line);
    if (!piece) return lines.Fail("a body line, canonical base64 without padding, is expected");
    Append(body, *piece);
    more = line.size() == kColumns;
  }
  return body;
}

Result<Digest256> ParseMac(LineReader& lines) {
  CLOISTER_ASSIGN(const std::string_view line, lines.Next());
  if (!line.starts_with("--- ") || line.size() != kMacMark.size() + 1 + kMacChars) {
    return lines.Fail("'--- ' and 43 characters of base64 are expected");
  }
  auto mac = codec::Base64DecodeUnpadded(line.substr(kMacMark.size() + 1));
  if (!mac || mac->size() != 32) return lines.Fail("the MAC is no canonical base64 of 32 bytes");
  return ToArray<32>(*mac);
}

Digest256 HeaderMac(std::string_view up_to_mark, const SecretBytes& file_key) {
  const SecretBytes key = crypto::HkdfSha256(file_key.view(), {}, AsBytes("header"), 32);
  return crypto::HmacSha256(key.view(), AsBytes(up_to_mark));
}

void WriteStanza(const AgeStanza& stanza, std::string& text) {
  CLOISTER_CHECK(!stanza.arguments.empty());
  text += "->";
  for (const std::string& argument : stanza.arguments) {
    CLOISTER_CHECK(IsArgument(argument));
    text += ' ';
    text += argument;
  }
  text += '\n';
  const std::string body = codec::Base64EncodeUnpadded(stanza.body);
  // A body that fills its last line is followed by an empty one: a shorter line is what ends a stanza.
  for (std::size_t at = 0; at <= body.size(); at += kColumns) {
    text += std::string_view(body).substr(at, kColumns);
    text += '\n';
  }
}

}  // namespace

std::optional<std::size_t> FindAgeHeaderEnd(ByteView prefix, std::size_t& searched) {
  const std::string_view text = AsText(prefix);
  // Neither stanza lines nor body lines can begin with "---", so the first such line is the last one of a
  // header.
  const std::size_t mark = text.find("\n---", searched);
  if (mark == std::string_view::npos) {
    searched = text.size() > 3 ? text.size() - 3 : 0;
    return std::nullopt;
  }
  searched = mark;
  const std::size_t end = text.find('\n', mark + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return end + 1;
}

Result<AgeHeader> ParseAgeHeader(ByteView text) {
  if (text.size() > kAgeHeaderBytesMax) return InvalidArgument("an age header of more than 256 KiB");
  LineReader lines(AsText(text));
  CLOISTER_ASSIGN(const std::string_view version, lines.Next());
  if (version != kVersionLine) {
    return lines.Fail("not an age v1 file, which begins with 'age-encryption.org/v1'");
  }
  AgeHeader header;
  do {
    AgeStanza stanza;
    CLOISTER_ASSIGN(stanza.arguments, ParseArguments(lines));
    CLOISTER_ASSIGN(stanza.body, ParseBody(lines));
    header.stanzas.push_back(std::move(stanza));
  } while (!lines.NextStartsWith(kMacMark));
  CLOISTER_ASSIGN(header.mac, ParseMac(lines));
  if (!lines.AtEnd()) return lines.Fail("bytes behind the header's last line");
  return header;
}

Status VerifyAgeHeaderMac(ByteView text, const Digest256& mac, const SecretBytes& file_key) {
  CLOISTER_CHECK(text.size() > kMacChars + 2);
  const std::string_view covered = AsText(text).substr(0, text.size() - kMacChars - 2);
  if (!crypto::EqualInConstantTime(HeaderMac(covered, file_key), mac)) {
    return VerificationFailed("the age header is not the one that its file key was made for: it was changed");
  }
  return {};
}

std::string WriteAgeHeader(const std::vector<AgeStanza>& stanzas, const SecretBytes& file_key) {
  CLOISTER_CHECK(!stanzas.empty());
  std::string text(kVersionLine);
  text += '\n';
  for (const AgeStanza& stanza : stanzas) WriteStanza(stanza, text);
  text += kMacMark;
  const Digest256 mac = HeaderMac(text, file_key);
  text += ' ';
  text += codec::Base64EncodeUnpadded(mac);
  text += '\n';
  CLOISTER_CHECK(text.size() <= kAgeHeaderBytesMax);
  return text;
}

}  // namespace cloister::sealing
