#pragma once

// Collects findings of one text. A pass adds what it sees and goes on, so that the analyst reads all at once.

#include <string_view>

#include "sql/finding.h"

namespace cloister::sql {

inline constexpr std::string_view kEveryonesRule = "cloister";
inline constexpr std::size_t kFindingsMax = 100;  // further ones are dropped: the query is refused anyway

struct Complaint {
  std::string_view rule;
  TextRange range;
  std::string message;
  std::string owner = std::string(kEveryonesRule);
  std::optional<std::string> fix = std::nullopt;
};

class Findings {
 public:
  // `text` must outlive this.
  explicit Findings(std::string_view text) : text_(text) {}

  // The same rule at the same place is told once.
  void Add(Complaint complaint);
  bool empty() const { return findings_.empty(); }
  std::size_t size() const { return findings_.size(); }
  // In the order of the text.
  std::vector<Finding> Take();
  // The token that starts at `from`: an identifier, a number, a string or one operator.
  TextRange Token(std::int64_t from) const;
  TextRange Whole() const { return {0, static_cast<std::int64_t>(text_.size())}; }

 private:
  std::string_view text_;
  std::vector<Finding> findings_;
};

}  // namespace cloister::sql
