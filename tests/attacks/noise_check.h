#pragma once

// Post-conditions of level differential_privacy (corpus/SCHEMA.md, section 5). Each is looked at twice where it can be:
// in what the plan says it does, and in what the engine did, over many noise keys and on changed fixtures.
//
// Members of a check that stand in the corpus are read by these names: `value`, `releases`, `datasets`, `column`,
// `name`, `low`/`high`, `min`/`max` or `bounds`.

#include <string>

#include "lab.h"

namespace cloister::attacks {

// Nothing when the type is none of this file; else empty when it holds, or why not. May change the fixture and rebuilds
// it.
std::optional<std::string> RunNoiseCheck(const Check& check, const Case& one, const Outcome& outcome, Lab& lab);

}  // namespace cloister::attacks
