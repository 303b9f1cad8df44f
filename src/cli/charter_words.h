#pragma once

// A charter for people.

#include "agreement/charter.h"
#include "cli/table.h"

namespace cloister::cli {

// Who takes part, with the thumbprints that people compare.
Table ParticipantTable(const agreement::Charter& charter, const agreement::Thumbprint& me);

}  // namespace cloister::cli
