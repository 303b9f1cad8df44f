// What a note says is what a note that is made to say it says; and no note is signed by a key that nobody
// used.
#include "base/check.h"
#include "crypto/digest.h"
#include "ledger/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  static const crypto::Ed25519Signer signer =
      crypto::Ed25519Signer::FromSeed(SecretBytes::CopyOf(crypto::Sha256(AsBytes("fuzz")))).value();
  const std::string_view note = AsText({data, size});
  const auto peeked = ledger::PeekCheckpoint(note);
  if (!peeked) return 0;
  CLOISTER_CHECK(!ledger::VerifyCheckpoint(note, peeked->environment, signer.public_key()).has_value());
  const std::string again = ledger::SignCheckpoint(signer, peeked->environment, peeked->point).value();
  CLOISTER_CHECK(ledger::VerifyCheckpoint(again, peeked->environment, signer.public_key())->point() == peeked->point);
  CLOISTER_CHECK(note.starts_with(again.substr(0, again.find("\n\n"))));
  return 0;
}
