#include "tee/attester.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "attestation/simulated/simulated.h"
#include "crypto/digest.h"

namespace cloister::tee {

Result<attestation::Evidence> SimulatedAttester::Attest(const ByteArray<64>& binding) const {
  return attestation::MakeSimulatedEvidence({.measurement = measurement_, .report_data = binding});
}

Result<Digest256> MeasureOwnProgram() {
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Unavailable("the enclave cannot read its own program through /proc/self/exe");
  crypto::Sha256Stream digest;
  std::array<std::uint8_t, 65536> piece{};
  ssize_t got = 0;
  while ((got = read(fd, piece.data(), piece.size())) > 0) {
    digest.Update(ByteView(piece).first(static_cast<std::size_t>(got)));
  }
  close(fd);
  if (got < 0) return Unavailable("the enclave could not read its own program to the end");
  return digest.Finish();
}

}  // namespace cloister::tee
