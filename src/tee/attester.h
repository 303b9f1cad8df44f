#pragma once

// The attester (RFC 9334 section 3): makes evidence about this process that commits to 64 bytes of its choosing.
// A port, because which one there is depends on the machine; the simulated one stands in where there is no hardware.
// Evidence of this process is made before and after the sandbox is entered, so an implementation opens what it needs
// (a device, a socket) when it is built.

#include <string>

#include "attestation/evidence.h"
#include "base/bytes.h"
#include "base/result.h"

namespace cloister::tee {

class Attester {
 public:
  virtual ~Attester() = default;
  // Evidence whose report data is `binding` (attestation/binding.h). Thread-safe.
  virtual Result<attestation::Evidence> Attest(const ByteArray<64>& binding) const = 0;
};

// States the measurement it was given; everyone can sign such a statement (attestation/simulated/).
class SimulatedAttester final : public Attester {
 public:
  explicit SimulatedAttester(Digest256 measurement) : measurement_(measurement) {}
  Result<attestation::Evidence> Attest(const ByteArray<64>& binding) const override;

 private:
  Digest256 measurement_;
};

// SHA-256 of the program file that this process runs (/proc/self/exe). Before the sandbox.
Result<Digest256> MeasureOwnProgram();

}  // namespace cloister::tee
