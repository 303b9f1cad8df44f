#pragma once

// Logins at an issuer of identities: those that are on their way, and who is who afterwards. Thread-safe.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "control/store/db.h"
#include "control/store/user_store.h"

namespace cloister::control {

inline constexpr std::int64_t kAttemptMs = 600'000;   // from "log in" to the way back
inline constexpr std::int64_t kAttemptsMax = 10'000;  // of the whole server; beyond it the oldest is forgotten

// A browser that was sent to the issuer and is to come back once.
struct LoginAttempt {
  Digest256 state{};    // SHA-256 of the state that goes to the issuer and comes back
  Digest256 browser{};  // SHA-256 of the cookie of the browser that began
  std::string nonce;
  std::string verifier;
  std::string return_to;
  Instant created_at;
};

class LoginStore {
 public:
  explicit LoginStore(Db& db) : db_(db) {}

  // Forgets those that are over.
  Status Begin(const LoginAttempt& attempt);
  struct Answer {
    Digest256 state{};
    Digest256 browser{};
  };
  // The attempt that this browser began, once. Absent for another browser, which ends nothing by trying.
  Result<std::optional<LoginAttempt>> Take(const Answer& answer, Instant now);

  struct Subject {
    std::string issuer;
    std::string subject;
    bool authoritative = false;  // the issuer answers for the e-mail address (login/id_token.h)
  };
  // The user who is this subject: known by it; or the one of his address, who is bound to it from now on; or `fresh`,
  // who is added. Who he is, and whether he is the first, is decided in one transaction.
  //
  // kPermissionDenied, in words for him: his account is disabled; the address is bound to another subject; the issuer
  // does not answer for the address; or an account of that address was made without anybody answering for it, so that
  // somebody else may hold keys to it.
  Result<UserRecord> Recognise(const Subject& subject, const UserRecord& fresh);

 private:
  Db& db_;
};

}  // namespace cloister::control
