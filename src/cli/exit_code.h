#pragma once

// What a script reads from us: frozen, a number never changes its meaning.

#include "base/error.h"

namespace cloister::cli {

enum class ExitCode : int {
  kOk = 0,
  kError = 1,
  kUsage = 2,  // wrong flags, malformed input, or the user said no
  kNotFound = 3,
  kLoginNeeded = 4,
  kRefused = 5,             // a policy says no; the findings say why
  kWaiting = 6,             // approvals are missing
  kVerificationFailed = 7,  // evidence, signature, proof or digest does not verify
  kBudgetExhausted = 8,
  kTimedOut = 124,  // as timeout(1)
};

// kWaiting and kBudgetExhausted come from verdicts, not from errors.
ExitCode ExitCodeOf(Code code);

}  // namespace cloister::cli
