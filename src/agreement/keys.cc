#include "agreement/keys.h"

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/kdf.h"

namespace cloister::agreement {
namespace {

SecretBytes Derive(const SecretBytes& environment_key, std::string_view label) {
  CLOISTER_CHECK(environment_key.size() == kEnvironmentKeyBytes);
  return crypto::HkdfSha256(environment_key.view(), AsBytes("cloister/v1"), AsBytes(label), 32);
}

}  // namespace

SecretBytes DatasetIdentitySecret(const SecretBytes& environment_key, const Thumbprint& thumbprint) {
  return Derive(environment_key, std::string("dataset") + '\0' + thumbprint);
}
SecretBytes StateIdentitySecret(const SecretBytes& environment_key) { return Derive(environment_key, "state"); }
SecretBytes LedgerSealKey(const SecretBytes& environment_key) { return Derive(environment_key, "ledger"); }
SecretBytes NoiseKey(const SecretBytes& environment_key) { return Derive(environment_key, "noise"); }

}  // namespace cloister::agreement
