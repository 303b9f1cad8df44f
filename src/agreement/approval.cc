#include "agreement/approval.h"

namespace cloister::agreement {

Result<VerifiedApproval> VerifyApproval(const SignedLink& link, const Report& report, Instant now) {
  const auto* approval = link.As<Approval>();
  if (approval == nullptr) return InvalidArgument("the link is no approval");
  if (approval->query != report.query) return VerificationFailed("the approval is of another query");
  if (!report.accepted) return FailedPrecondition("the query is refused by its report; nothing can be approved");
  if (approval->plan != report.accepted->plan) return VerificationFailed("the approval is of another plan");
  if (approval->report != report.accepted->report_digest) {
    return VerificationFailed("the approval is of another report");
  }
  if (approval->charges != report.charges) return VerificationFailed("the approval names other charges");
  if (approval->not_after < now) {
    return FailedPrecondition("the approval has expired at " + FormatRfc3339(approval->not_after));
  }
  return VerifiedApproval(link.signer(), link.digest(), approval->not_after);
}

}  // namespace cloister::agreement
