#include "base/error.h"

#include "base/check.h"

namespace cloister {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalidArgument: return "INVALID_ARGUMENT";
    case Code::kUnauthenticated: return "UNAUTHENTICATED";
    case Code::kPermissionDenied: return "PERMISSION_DENIED";
    case Code::kNotFound: return "NOT_FOUND";
    case Code::kConflict: return "CONFLICT";
    case Code::kFailedPrecondition: return "FAILED_PRECONDITION";
    case Code::kRefused: return "REFUSED";
    case Code::kVerificationFailed: return "VERIFICATION_FAILED";
    case Code::kResourceExhausted: return "RESOURCE_EXHAUSTED";
    case Code::kDeadlineExceeded: return "DEADLINE_EXCEEDED";
    case Code::kCancelled: return "CANCELLED";
    case Code::kUnavailable: return "UNAVAILABLE";
    case Code::kDataLoss: return "DATA_LOSS";
    case Code::kInternal: return "INTERNAL";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a Code outside its enumeration");
}

}  // namespace cloister
