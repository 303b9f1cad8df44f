#include "sealing/age_armor.h"

#include <algorithm>
#include <string>

#include "codec/text.h"

namespace cloister::sealing {
namespace {

constexpr std::string_view kBegin = "-----BEGIN AGE ENCRYPTED FILE-----";
constexpr std::string_view kEnd = "-----END AGE ENCRYPTED FILE-----";
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::size_t kColumns = 64;

class ArmorLines {
 public:
  explicit ArmorLines(std::string_view text) : rest_(text) {}

  // The next line without its end, which only the very last line may lack.
  Result<std::string_view> Next() {
    ++number_;
    if (rest_.empty()) return Fail("the end line is missing");
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  std::string_view rest() const { return rest_; }
  Error Fail(std::string_view problem) const {
    return InvalidArgument("armor, line " + std::to_string(number_) + ": " + std::string(problem));
  }

 private:
  std::string_view rest_;
  int number_ = 0;
};

bool IsShortSpace(std::string_view text) {
  return text.size() <= kArmorSpaceBytesMax && text.find_first_not_of(kSpace) == std::string_view::npos;
}

// White space in front may hold empty lines, but the begin line itself starts in the first column.
Result<std::string_view> SkipSpaceInFront(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  if (begin > kArmorSpaceBytesMax) {
    return InvalidArgument("armor: more than 1024 bytes of white space in front");
  }
  if (begin > 0 && text[begin - 1] != '\n') {
    return InvalidArgument("armor: the begin line does not begin its line");
  }
  return text.substr(begin);
}

Result<Bytes> DecodeLine(std::string_view line, const ArmorLines& lines) {
  if (line.empty() || line.size() > kColumns) return lines.Fail("1 to 64 columns of base64 are expected");
  auto bytes = codec::Base64Decode(line);
  if (!bytes) return lines.Fail("not canonical, padded base64");
  return bytes;
}

}  // namespace

Result<Bytes> DecodeAgeArmor(ByteView text) {
  CLOISTER_ASSIGN(const std::string_view body, SkipSpaceInFront(AsText(text)));
  ArmorLines lines(body);
  CLOISTER_ASSIGN(std::string_view line, lines.Next());
  if (line != kBegin) return lines.Fail("'" + std::string(kBegin) + "' is expected");
  Bytes file;
  file.reserve(body.size() / 4 * 3);
  bool full = true;
  while (true) {
    CLOISTER_ASSIGN(line, lines.Next());
    if (line == kEnd) break;
    if (!full) return lines.Fail("a line behind a short one, which must be the last");
    CLOISTER_ASSIGN(const Bytes piece, DecodeLine(line, lines));
    Append(file, piece);
    full = line.size() == kColumns && !line.ends_with('=');
  }
  if (!IsShortSpace(lines.rest())) return lines.Fail("more than white space behind the end line");
  return file;
}

}  // namespace cloister::sealing
