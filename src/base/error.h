#pragma once

// Why an operation did not happen, as a value.
//
// The line that matters here is between `public_message` and `detail`. What is derived from data in the
// enclave may stand in `detail`, which never leaves the process it was made in; `code` and `public_message`
// are fixed texts plus what the caller himself sent, and are all that a channel, an answer or a log of the
// control plane may carry.

#include <string>
#include <string_view>

namespace cloister {

// A small closed set; each value says whose fault it is. Mapped once to HTTP problems (control/rest/problem.cc)
// and once to exit codes (cli/exit_code.h).
enum class Code {
  kInvalidArgument,     // the caller's: malformed or out of range input
  kUnauthenticated,     // the caller's: no or wrong credentials
  kPermissionDenied,    // the caller's: known, but not allowed
  kNotFound,            // the caller's: no such object, or none that he may know of
  kConflict,            // the caller's: contradicts what is already there (a used number, a lost race)
  kFailedPrecondition,  // the caller's: right request, wrong state
  kRefused,             // the caller's: a policy says no; findings say why
  kVerificationFailed,  // whoever made the document, proof or evidence: it does not verify
  kResourceExhausted,   // nobody's: a named bound is reached
  kDeadlineExceeded,    // nobody's: the time given is over
  kCancelled,           // the caller's wish
  kUnavailable,         // the other side's: it does not answer now, a retry may help
  kDataLoss,            // the storage's: stored bytes are missing or not the ones written
  kInternal,            // ours: a state that should not be reachable
};

// "INVALID_ARGUMENT" and so on; stable, used in JSON.
std::string_view CodeName(Code code);

struct [[nodiscard]] Error {
  Code code = Code::kInternal;
  std::string public_message;  // what happened, where, and the mend; safe to show to anyone
  std::string detail = {};     // may mention data; stays in this process
};

inline Error InvalidArgument(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }
inline Error VerificationFailed(std::string message) { return {Code::kVerificationFailed, std::move(message)}; }
inline Error FailedPrecondition(std::string message) { return {Code::kFailedPrecondition, std::move(message)}; }
inline Error NotFound(std::string message) { return {Code::kNotFound, std::move(message)}; }
inline Error Conflict(std::string message) { return {Code::kConflict, std::move(message)}; }
inline Error Unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }
inline Error ResourceExhausted(std::string message) { return {Code::kResourceExhausted, std::move(message)}; }
inline Error Internal(std::string message) { return {Code::kInternal, std::move(message)}; }

}  // namespace cloister
