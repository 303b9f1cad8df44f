#pragma once

// Whether units can be picked that show different values, one each: a matching of units and values, found by growing
// paths (Berge 1957; Kuhn 1955).
//
//   units 0: a b   1: a   2: a        two: 1 shows a, 0 shows b
//
// Bounded: at most kMatchingStepsPerShown steps for each pair of a unit and a value that it shows. A class that needs
// more is said not to have the number, which the caller takes for not diverse.

#include <cstddef>
#include <cstdint>
#include <span>

#include "privacy/kanon/table.h"

namespace cloister::privacy {

inline constexpr std::size_t kMatchingStepsPerShown = 64;

// A value that a unit shows.
struct Shown {
  std::uint32_t unit = 0;
  ValueCode value = 0;

  auto operator<=>(const Shown&) const = default;
};

// `shown`: ascending, each pair once.
bool HaveRepresentatives(std::span<const Shown> shown, std::int64_t number);

}  // namespace cloister::privacy
