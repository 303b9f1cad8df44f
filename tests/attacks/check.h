#pragma once

// Post-conditions on an accepted case (corpus/SCHEMA.md, section 5).

#include "lab.h"

namespace cloister::attacks {

// Empty when it holds, else why not. Checks of levels that are not offered never hold. May change the fixture and
// rebuilds it.
std::string RunCheck(const Check& check, const Case& one, const Outcome& outcome, Lab& lab);

}  // namespace cloister::attacks
