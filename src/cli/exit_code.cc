#include "cli/exit_code.h"

#include "base/check.h"

namespace cloister::cli {

ExitCode ExitCodeOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument: return ExitCode::kUsage;
    case Code::kUnauthenticated: return ExitCode::kLoginNeeded;
    case Code::kPermissionDenied: return ExitCode::kError;
    case Code::kNotFound: return ExitCode::kNotFound;
    case Code::kConflict: return ExitCode::kError;
    case Code::kFailedPrecondition: return ExitCode::kError;
    case Code::kRefused: return ExitCode::kRefused;
    case Code::kVerificationFailed: return ExitCode::kVerificationFailed;
    case Code::kResourceExhausted: return ExitCode::kError;
    case Code::kDeadlineExceeded: return ExitCode::kTimedOut;
    case Code::kCancelled: return ExitCode::kUsage;
    case Code::kUnavailable: return ExitCode::kError;
    case Code::kDataLoss: return ExitCode::kError;
    case Code::kInternal: return ExitCode::kError;
  }
  internal::CheckFailed(__FILE__, __LINE__, "a Code outside its enumeration");
}

}  // namespace cloister::cli
