#pragma once

// Identifiers that cannot be mistaken for each other. The text form is `<prefix>_<26 lower-case base32>`:
// 48 bit of milliseconds and 80 bit of randomness, so that ids sort by age and nobody can guess one.
//
//   struct DatasetTag { static constexpr std::string_view kPrefix = "ds"; };
//   using DatasetId = Id<DatasetTag>;
//   DatasetId::Parse("ds_01jd...")      // an Error that names prefix and shape, else the id

#include <compare>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/rng.h"

namespace cloister {
namespace internal {
std::string NewIdText(std::string_view prefix, const Clock& clock, Rng& rng);
Status CheckIdText(std::string_view prefix, std::string_view text);
}  // namespace internal

template <typename Tag>
class Id {
 public:
  static Id New(const Clock& clock, Rng& rng) { return Id(internal::NewIdText(Tag::kPrefix, clock, rng)); }
  static Result<Id> Parse(std::string_view text) {
    CLOISTER_TRY(internal::CheckIdText(Tag::kPrefix, text));
    return Id(std::string(text));
  }
  const std::string& str() const { return text_; }
  auto operator<=>(const Id&) const = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct EnvironmentTag { static constexpr std::string_view kPrefix = "env"; };
struct DatasetTag { static constexpr std::string_view kPrefix = "ds"; };
struct QueryTag { static constexpr std::string_view kPrefix = "qry"; };
struct UserTag { static constexpr std::string_view kPrefix = "usr"; };
using EnvironmentId = Id<EnvironmentTag>;
using DatasetId = Id<DatasetTag>;
using QueryId = Id<QueryTag>;
using UserId = Id<UserTag>;

}  // namespace cloister
