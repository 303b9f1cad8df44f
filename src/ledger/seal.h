#pragma once

// The seal of a state: a MAC that only this environment's enclaves can make, handed to the host with each
// append. A restarted enclave goes on from stored entries only if their size and root carry one: the host can
// hand back an older state, which the next link's checkpoint uncovers, but not one that never was
// (docs/formats/ledger.md, "Seal of a state").

#include "agreement/link.h"
#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace cloister::ledger {

// `seal_key` is agreement::LedgerSealKey(environment key).
Digest256 SealState(const SecretBytes& seal_key, const EnvironmentId& environment, const agreement::LedgerPoint& point);
// kVerificationFailed when the seal is not of this state.
Status CheckSeal(const SecretBytes& seal_key, const EnvironmentId& environment, const agreement::LedgerPoint& point,
                 const Digest256& seal);

}  // namespace cloister::ledger
