#pragma once

// A dataset as the verified ledger has it: schema, policy and owner are those of a signed manifest, not the server's
// word.

#include <string>

#include "cli/replay.h"
#include "cli/session.h"
#include "cli/verify.h"
#include "ledger/replay.h"

namespace cloister::cli {

struct KnownDataset {
  VerifiedEnvironment environment;
  ledger::LedgerState state;
  const ledger::DatasetRecord* record;  // in `state`'s map, whose nodes stay where they are when it is moved
  // The newest version, in force or not.
  const ledger::ManifestRecord& newest() const { return record->versions.back(); }
  bool in_force() const;
};

// `text` is an id or a name. kFailedPrecondition when no manifest of it was recorded yet.
Result<KnownDataset> FindKnownDataset(Session& session, const std::string& text);

}  // namespace cloister::cli
