#include "sql/findings.h"

#include <algorithm>

namespace cloister::sql {
namespace {

constexpr std::size_t kMessageBytesMax = 1024;

bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         byte >= 128;
}

// A message quotes what the query says, which may be a name of any length; where it stands is in the range.
std::string Shortened(std::string message) {
  if (message.size() <= kMessageBytesMax) return message;
  std::size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) --end;  // no letter is cut in two
  return message.substr(0, end) + "...";
}

}  // namespace

void Findings::Add(Complaint complaint) {
  if (findings_.size() >= kFindingsMax) return;
  const auto size = static_cast<std::int64_t>(text_.size());
  TextRange range = complaint.range;
  range.from = std::clamp<std::int64_t>(range.from, 0, size);
  range.to = std::clamp<std::int64_t>(range.to, range.from, size);
  if (range.from == range.to) range = Whole();
  complaint.message = Shortened(std::move(complaint.message));
  for (const Finding& known : findings_) {
    if (known.rule == complaint.rule && known.range == range && known.message == complaint.message) return;
  }
  Finding finding;
  finding.rule = std::string(complaint.rule);
  finding.owner = std::move(complaint.owner);
  finding.severity = "error";
  finding.range = range;
  finding.line = 1 + std::count(text_.begin(), text_.begin() + range.from, '\n');
  finding.message = std::move(complaint.message);
  finding.fix = std::move(complaint.fix);
  findings_.push_back(std::move(finding));
}

std::vector<Finding> Findings::Take() {
  std::stable_sort(findings_.begin(), findings_.end(),
                   [](const Finding& a, const Finding& b) { return a.range.from < b.range.from; });
  return std::move(findings_);
}

TextRange Findings::Token(std::int64_t from) const {
  const auto size = static_cast<std::int64_t>(text_.size());
  if (from < 0 || from >= size) return Whole();
  std::int64_t to = from;
  const char first = text_[from];
  if (first == '\'' || first == '"') {
    for (++to; to < size && text_[to] != first; ++to) {
    }
    return {from, std::min(to + 1, size)};
  }
  while (to < size && IsWordByte(text_[to])) ++to;
  return {from, std::max(to, from + 1)};
}

}  // namespace cloister::sql
