#pragma once

// The check contribution_bounded, by experiment: one person gets thousands of rows with values far beyond the bounds,
// and then none; between the two, the exact tables of the stages may differ by what their noise is made for, and not
// more.

#include <string>

#include "lab.h"

namespace cloister::attacks {

// Empty when it holds, else why not. Changes the fixture and rebuilds it.
std::string ContributionBounded(const Case& one, const Outcome& outcome, Lab& lab);

}  // namespace cloister::attacks
