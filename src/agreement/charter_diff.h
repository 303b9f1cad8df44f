#pragma once

// What a proposed charter changes, in sentences, for the people who are asked to accept it.

#include <string>
#include <vector>

#include "agreement/charter.h"

namespace cloister::agreement {

// One sentence per change, the weightiest first: participants who come and go, keys, roles, approval,
// recovery, evidence, joins, limits, labels. With `from` null (epoch 1) everything is described. Empty when
// nothing changed but the epoch.
std::vector<std::string> DiffCharter(const Charter* from, const Charter& to);

}  // namespace cloister::agreement
