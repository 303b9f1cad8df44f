// An answer of an enclave that is read says the same when it is written and read again, and no appraisal of
// it falls over.
#include "attestation/enclave_appraisal.h"
#include "attestation/explain.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const auto json = codec::ParseJson(AsText({data, size}));
  if (!json) return 0;
  const auto answer = attestation::DecodeEnclaveAnswer(*json);
  if (!answer) return 0;
  const codec::Json written = attestation::EncodeEnclaveAnswer(*answer);
  const auto again = attestation::DecodeEnclaveAnswer(written);
  CLOISTER_CHECK(again.has_value());
  CLOISTER_CHECK(codec::CanonicalJson(attestation::EncodeEnclaveAnswer(*again)) == codec::CanonicalJson(written));

  attestation::EnclaveTerms terms{.charter = answer->charter};
  for (const auto& claim : answer->recipients) terms.participants.push_back(claim.recipient.thumbprint);
  const auto verdict = attestation::AppraiseEnclave(*answer, {.terms = terms, .nonce = {}, .now = {}});
  CLOISTER_CHECK(!verdict.enclave.has_value());  // these terms accept nothing
  CLOISTER_CHECK(!attestation::ExplainAppraisal(verdict.appraisal).empty());
  return 0;
}
