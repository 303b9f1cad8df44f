#include "crypto/library.h"

#include <openssl/crypto.h>
#include <sodium/core.h>

#include "base/check.h"
#include "base/secret_bytes.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/signature_verifier.h"
#include "crypto/signer.h"
#include "crypto/x25519.h"

namespace cloister::crypto {
namespace {

// Verifying a good signature also starts the readers and writers of key encodings.
void TrySignatures() {
  const auto signer = Ed25519Signer::FromSeed(SecretBytes(32)).value();
  const auto signature = signer.Sign({}).value();
  const auto key = VerifyingKey::FromSpki(VerifyingKey::FromEd25519(signer.public_key()).spki());
  CLOISTER_CHECK(key && key->Verify(SignatureScheme::kEd25519, {}, signature));
}

void TryCiphers() {
  const Bytes nonce(ChaCha20Poly1305::kNonceBytes);
  Bytes sealed(ChaCha20Poly1305::kTagBytes), opened;
  ChaCha20Poly1305 aead{Bytes(ChaCha20Poly1305::kKeyBytes)};
  aead.Seal(nonce, {}, {}, sealed);
  CLOISTER_CHECK(aead.Open(nonce, sealed, {}, opened).has_value());
  const auto key = X25519PrivateKey::FromSecret(SecretBytes(32)).value();
  CLOISTER_CHECK(key.Agree(key.public_key()).has_value());
}

}  // namespace

void StartLibrary() {
  CLOISTER_CHECK(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1);
  CLOISTER_CHECK(sodium_init() >= 0);
  (void)Sha512(HmacSha256({}, {}));
  TryCiphers();
  TrySignatures();
}

}  // namespace cloister::crypto
