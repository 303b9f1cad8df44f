// docs/formats/vectors/evidence.json: recipient commitment, bindings and simulated evidence, made from fixed
// keys.
#include <gtest/gtest.h>

#include "attestation/binding.h"
#include "attestation/enclave_appraisal.h"
#include "attestation/simulated/simulated.h"
#include "codec/text.h"
#include "codec/vector_file_for_test.h"
#include "crypto/digest.h"

namespace cloister::attestation {
namespace {

using codec::JsonArray;
using codec::JsonObject;

Digest256 DigestOf(std::string_view text) { return crypto::Sha256(AsBytes(text)); }

crypto::Ed25519PublicKey Key(std::string_view seed) {
  return crypto::Ed25519Signer::FromSeed(SecretBytes::CopyOf(DigestOf(seed))).value().public_key();
}

// Three, so that the tree is not perfect.
std::vector<DatasetRecipient> Recipients() {
  std::vector<DatasetRecipient> recipients;
  for (const char* name : {"hospital", "insurer", "analyst"}) {
    recipients.push_back({.thumbprint = Key(name).Thumbprint(), .recipient = "age1" + std::string(58, name[0])});
  }
  std::sort(recipients.begin(), recipients.end(),
            [](const auto& a, const auto& b) { return a.thumbprint < b.thumbprint; });
  return recipients;
}

JsonArray RecipientVectors() {
  JsonArray array;
  for (std::uint64_t i = 0; i < Recipients().size(); ++i) {
    JsonArray proof;
    for (const Digest256& hash : ProveRecipient(Recipients(), i)) proof.emplace_back(codec::HexEncode(hash));
    JsonObject json;
    json["thumbprint"] = Recipients()[i].thumbprint;
    json["recipient"] = Recipients()[i].recipient;
    json["index"] = static_cast<std::int64_t>(i);
    json["proof"] = std::move(proof);
    array.push_back(std::move(json));
  }
  return array;
}

JsonObject BindingVector(Origin origin, const Nonce& nonce) {
  const BindingInput input{.origin = origin,
                           .keys = {.checkpoint_key = Key("checkpoint key"), .document_key = Key("document key")},
                           .recipient_commitment = RecipientCommitment(Recipients()),
                           .charter = DigestOf("charter"),
                           .nonce = nonce};
  const Evidence evidence =
      MakeSimulatedEvidence({.measurement = DigestOf("the enclave program"), .report_data = Binding(input)}).value();
  JsonObject json;
  json["origin"] = OriginName(origin);
  json["keys"] = EncodeBootKeys(input.keys);
  json["recipient_commitment"] = codec::HexEncode(input.recipient_commitment);
  json["charter"] = codec::HexEncode(input.charter);
  json["nonce"] = codec::Base64UrlEncode(nonce);
  json["binding"] = codec::HexEncode(Binding(input));
  json["evidence"] = EncodeEvidence(evidence);
  json["evidence_digest"] = codec::HexEncode(EvidenceDigest(evidence));
  return json;
}

TEST(EvidenceVectors, AreRemadeByteByByte) {
  JsonObject json;
  json["format"] = "docs/formats/documents.md";
  json["recipients"] = RecipientVectors();
  json["recipient_commitment"] = codec::HexEncode(RecipientCommitment(Recipients()));
  json["bindings"] = JsonArray{BindingVector(Origin::kGenerated, kArchiveNonce),
                               BindingVector(Origin::kRecovered, DigestOf("a client's nonce"))};
  codec::for_test::CompareWithVectorFile(CLOISTER_SOURCE_DIR "/docs/formats/vectors/evidence.json", json);
}

}  // namespace
}  // namespace cloister::attestation
