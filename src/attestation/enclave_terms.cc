#include "attestation/enclave_terms.h"

#include "attestation/recipient_commitment.h"
#include "codec/text.h"
#include "crypto/digest.h"

namespace cloister::attestation {
namespace {

Error Unfit(const std::string& what) { return InvalidArgument("charter." + what + " is not as a charter has it"); }

const codec::Json* Member(const codec::Json& json, std::string_view name) {
  const auto* object = json.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

const codec::JsonArray* ArrayMember(const codec::Json& json, std::string_view name) {
  const codec::Json* member = Member(json, name);
  return member == nullptr ? nullptr : member->if_array();
}

Result<std::string> TextOf(const codec::Json* json, const std::string& what) {
  if (json == nullptr || !json->is_string()) return Unfit(what);
  return std::string(json->get_string());
}

Result<std::vector<std::string>> ReadParticipants(const codec::Json& charter) {
  const codec::JsonArray* array = ArrayMember(charter, "participants");
  if (array == nullptr || array->empty() || array->size() > kRecipientsMax) return Unfit("participants");
  std::vector<std::string> thumbprints;
  for (const codec::Json& participant : *array) {
    CLOISTER_ASSIGN(std::string thumbprint, TextOf(Member(participant, "thumbprint"), "participants"));
    thumbprints.push_back(std::move(thumbprint));
  }
  return thumbprints;
}

Result<AppraisalPolicy> ReadPolicy(const codec::Json& charter) {
  const codec::Json* terms = Member(charter, "appraisal_policy");
  if (terms == nullptr) return Unfit("appraisal_policy");
  const codec::JsonArray* accept = ArrayMember(*terms, "accept");
  const codec::JsonArray* measurements = ArrayMember(*terms, "measurements");
  if (accept == nullptr || measurements == nullptr) return Unfit("appraisal_policy");
  AppraisalPolicy policy;
  for (const codec::Json& item : *accept) {
    CLOISTER_ASSIGN(const std::string name, TextOf(&item, "appraisal_policy.accept"));
    CLOISTER_ASSIGN(const EvidenceKind kind, ParseEvidenceKind(name));
    policy.accept.push_back(kind);
  }
  for (const codec::Json& item : *measurements) {
    CLOISTER_ASSIGN(const std::string hex, TextOf(&item, "appraisal_policy.measurements"));
    CLOISTER_ASSIGN(const Digest256 digest, codec::HexDecodeDigest(hex));
    policy.measurements.push_back(digest);
  }
  CLOISTER_ASSIGN(const std::string recovery, TextOf(Member(charter, "recovery"), "recovery"));
  policy.operator_can_recover = recovery != "none";  // a word unknown here is the worse of the two
  return policy;
}

}  // namespace

Result<EnclaveTerms> ReadTerms(const codec::Json& charter) {
  EnclaveTerms terms;
  CLOISTER_ASSIGN(terms.participants, ReadParticipants(charter));
  CLOISTER_ASSIGN(terms.policy, ReadPolicy(charter));
  terms.charter = crypto::Sha256(AsBytes(codec::CanonicalJson(charter)));
  return terms;
}

}  // namespace cloister::attestation
