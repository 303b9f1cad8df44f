#include "attestation/simulated/simulated.h"

#include "base/check.h"
#include "base/secret_bytes.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "crypto/signer.h"

namespace cloister::attestation {
namespace {

constexpr std::string_view kTyp = "cloister-simulated-evidence+jws";

// Everyone can compute this key; that is its warning.
crypto::Ed25519Signer InsecureAttester() {
  const Digest256 seed = crypto::Sha256(AsBytes("cloister simulated attester, not secure"));
  Result<crypto::Ed25519Signer> signer = crypto::Ed25519Signer::FromSeed(SecretBytes::CopyOf(seed));
  CLOISTER_CHECK(signer.has_value());
  return std::move(signer).value();
}

}  // namespace

Result<Evidence> MakeSimulatedEvidence(const SimulatedStatement& statement) {
  codec::JsonObject payload;
  payload["measurement"] = codec::HexEncode(statement.measurement);
  payload["report_data"] = codec::HexEncode(statement.report_data);
  CLOISTER_ASSIGN(std::string jws, crypto::SignJws(InsecureAttester(), kTyp, payload));
  return Evidence{.kind = EvidenceKind::kSimulated, .statement = std::move(jws)};
}

Result<SimulatedStatement> VerifySimulatedEvidence(std::string_view jws) {
  CLOISTER_ASSIGN(const crypto::VerifiedJws verified, crypto::VerifyJws(jws, kTyp, InsecureAttester().public_key()));
  codec::ObjectReader in(verified.payload(), "statement");
  SimulatedStatement statement;
  statement.measurement = in.HexDigest("measurement");
  const std::string report_data = in.String("report_data");
  CLOISTER_TRY(in.Finish());
  const Result<Bytes> bytes = codec::HexDecode(report_data);
  if (!bytes || bytes->size() != statement.report_data.size()) {
    return InvalidArgument("statement.report_data must be 128 lower-case hex digits");
  }
  statement.report_data = ToArray<64>(*bytes);
  return statement;
}

}  // namespace cloister::attestation
