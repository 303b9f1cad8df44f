#pragma once

// The key by which one execution chooses contributions (choice_function.h).

#include <array>
#include <cstdint>

namespace cloister::engine {

using ChoiceKey = std::array<std::uint64_t, 2>;

}  // namespace cloister::engine
