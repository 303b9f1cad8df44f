#include "ledger/seal.h"

#include "crypto/digest.h"

namespace cloister::ledger {

Digest256 SealState(const SecretBytes& seal_key, const EnvironmentId& environment,
                    const agreement::LedgerPoint& point) {
  Bytes message = ToBytes("cloister/v1/ledger");
  message.push_back(0);
  Append(message, AsBytes(environment.str()));
  message.push_back(0);
  AppendBigEndian64(message, point.size);
  Append(message, point.root);
  return crypto::HmacSha256(seal_key.view(), message);
}

Status CheckSeal(const SecretBytes& seal_key, const EnvironmentId& environment, const agreement::LedgerPoint& point,
                 const Digest256& seal) {
  if (crypto::EqualInConstantTime(SealState(seal_key, environment, point), seal)) return {};
  return VerificationFailed("the seal is not of these entries: no enclave of this environment was in this state");
}

}  // namespace cloister::ledger
