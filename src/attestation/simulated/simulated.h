#pragma once

// Simulated evidence: the shape of evidence and the strength of none. It is signed by a key whose seed is
// public, so whoever can run a program can sign one; it exists so that everything around evidence runs on any
// machine, and runs the same way. A statement is the JWS `cloister-simulated-evidence+jws` of
// {"measurement":"<hex>","report_data":"<128 hex digits>"}.

#include <string_view>

#include "attestation/evidence.h"
#include "base/bytes.h"
#include "base/result.h"

namespace cloister::attestation {

struct SimulatedStatement {
  Digest256 measurement{};      // SHA-256 of the enclave binary, as the enclave says
  ByteArray<64> report_data{};  // the binding
};

// The attester's side.
Result<Evidence> MakeSimulatedEvidence(const SimulatedStatement& statement);
// The statement whose signature fits; says nothing about whether it is the wanted one.
Result<SimulatedStatement> VerifySimulatedEvidence(std::string_view jws);

}  // namespace cloister::attestation
