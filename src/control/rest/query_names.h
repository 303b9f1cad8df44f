#pragma once

// What a query's body names, as the ledger has it: datasets by manifests in force, people by thumbprint. Room-private.

#include <string>
#include <string_view>
#include <vector>

#include "control/rest/query_body.h"

namespace cloister::control {

struct InForce {
  DatasetId dataset;
  std::string owner;
  const ledger::ManifestRecord* manifest;  // of the state that was asked
};

// Manifests in force of the datasets meant, sorted by dataset; of all of them where none is named. kNotFound names the
// one that there is not.
Result<std::vector<InForce>> ManifestsMeant(const ledger::LedgerState& state, const std::vector<std::string>& meant);

// A query that does not compile names no datasets. Of more than it may name it keeps those that its text speaks of, so
// that the report says what is wrong with them.
void KeepNameable(std::vector<InForce>& all, std::string_view text);

// Everybody in the charter where nobody is named. kNotFound names who is no participant.
Result<std::vector<agreement::Thumbprint>> RecipientsMeant(const agreement::Charter& charter,
                                                           const std::vector<std::string>& meant);

}  // namespace cloister::control
