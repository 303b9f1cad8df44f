#pragma once

// An appraisal in words and as data.

#include <string>
#include <vector>

#include "attestation/verifier.h"
#include "codec/json.h"

namespace cloister::attestation {

// For a terminal or a page: what was proved, what was not, or each finding with what was expected and found.
std::vector<std::string> ExplainAppraisal(const Appraisal& appraisal);

// {"verified":true,"kind","measurement","evidence","appraised_at","proves":[...],"does_not_prove":[...],
//  "findings":[]}
// or {"verified":false,"findings":[{"check","expected","actual","meaning"},...]}.
codec::Json AppraisalJson(const Appraisal& appraisal);

}  // namespace cloister::attestation
