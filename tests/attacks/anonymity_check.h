#pragma once

// Post-conditions on releases of level k_anonymized. Rows stand for persons: the fixture has one row a person.

#include <optional>

#include "lab.h"

namespace cloister::attacks {

// Each combination of the columns `qi` stands in at least `k` rows.
std::string KAtLeast(const codec::JsonObject& body, const Answer& answer);
// ... and has at least `l` different values of the column `sa`.
std::string LAtLeast(const codec::JsonObject& body, const Answer& answer);

}  // namespace cloister::attacks
