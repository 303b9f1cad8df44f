// Bytes of a stranger into the server's end, before and after an honest handshake: it never says more than the bounds
// allow, never believes that a handshake is over which no client made, and tells the same cut into pieces as at once.
// Bit 0 of the first byte: after a handshake; the others: the size of the pieces.
#include <algorithm>

#include "base/check.h"
#include "crypto/tls_peer_for_test.h"

namespace {

using namespace cloister;
using namespace cloister::crypto;

const AuthorityForTest& Authority() {
  static const AuthorityForTest authority;
  return authority;
}
const std::shared_ptr<const TlsIdentity>& Identity() {
  static const auto identity = IdentityForTest(Authority());
  return identity;
}

void Shake(TlsEngine& engine) {
  TlsClientForTest client(Authority(), {});
  for (int round = 0; round < 4 && !engine.open(); ++round) {
    (void)client.Handshake();
    engine.Feed(client.TakeOutput());
    (void)engine.Handshake();
    client.Feed(engine.Output());
    engine.ClearOutput();
  }
  CLOISTER_CHECK(engine.open());  // the canary: an honest client does come through this very harness
}

std::string Verdict(ByteView all, std::size_t step, bool shaken) {
  TlsEngine engine(Identity());
  if (shaken) Shake(engine);
  Bytes plain(512);
  TlsStep last;
  while (!all.empty() && last.kind == TlsStep::Kind::kWantsInput) {
    const ByteView piece = all.first(std::min(all.size(), step));
    all = all.subspan(piece.size());
    engine.Feed(piece);
    last = shaken ? engine.Read(plain) : engine.Handshake();
    CLOISTER_CHECK(last.kind != TlsStep::Kind::kDone);  // nobody has the keys
    CLOISTER_CHECK(engine.Output().size() <= kTlsHandshakeBytesMax);
    if (!shaken) CLOISTER_CHECK(!engine.open());
  }
  CLOISTER_CHECK((last.kind == TlsStep::Kind::kFailed) == !engine.failure().empty());
  return std::string(engine.failure());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    TlsEngine honest(Identity());
    Shake(honest);
    return 0;
  }
  const ByteView all = ByteView(data + 1, std::min(size - 1, kTlsInputBytesMax));
  const bool shaken = (data[0] & 1) != 0;
  CLOISTER_CHECK(Verdict(all, std::max<std::size_t>(all.size(), 1), shaken) == Verdict(all, 1 + data[0] / 2, shaken));
  return 0;
}
