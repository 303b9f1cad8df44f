#pragma once

// An approval that counts. Only VerifyApproval makes one, so whoever holds it knows that the signed link
// names exactly this query, plan, report and charges, and had not expired at the time given.

#include "agreement/enclave_documents.h"
#include "agreement/link.h"
#include "base/clock.h"
#include "base/result.h"

namespace cloister::agreement {

class VerifiedApproval {
 public:
  const Thumbprint& signer() const { return signer_; }
  const Digest256& digest() const { return digest_; }  // of the approval link
  Instant not_after() const { return not_after_; }

 private:
  friend Result<VerifiedApproval> VerifyApproval(const SignedLink&, const Report&, Instant);
  VerifiedApproval(Thumbprint signer, Digest256 digest, Instant not_after)
      : signer_(std::move(signer)), digest_(digest), not_after_(not_after) {}

  Thumbprint signer_;
  Digest256 digest_;
  Instant not_after_;
};

// `report` is the enclave's, already verified. kInvalidArgument: the link is no approval.
// kVerificationFailed: it names another query, plan, report or other charges. kFailedPrecondition: it has
// expired, or the report refuses the query.
Result<VerifiedApproval> VerifyApproval(const SignedLink& link, const Report& report, Instant now);

}  // namespace cloister::agreement
