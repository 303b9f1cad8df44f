#include "control/store/login_store.h"

#include "control/store/user_columns.h"

namespace cloister::control {
namespace {

Error Refused(std::string message) { return {Code::kPermissionDenied, std::move(message)}; }

Result<std::optional<UserRecord>> FindBySubject(Transaction& tx, const LoginStore::Subject& subject) {
  return tx.First("SELECT " CLOISTER_USER_COLUMNS
                  " FROM identities JOIN users ON users.id = identities.user_id"
                  " WHERE identities.issuer = ? AND identities.subject = ?",
                  {subject.issuer, subject.subject}, ReadUser);
}

// Whether an account that is known by its address alone may become this subject's.
Status CheckBinding(Transaction& tx, const LoginStore::Subject& subject, const UserRecord& user) {
  CLOISTER_ASSIGN(const auto bound,
                  tx.First("SELECT 1 FROM identities WHERE user_id = ? AND issuer = ?", {user.id.str(), subject.issuer},
                           [](const SqlRow& row) { return row.Integer(0); }));
  if (bound) {
    return Refused("the account " + user.email +
                   " belongs to another login of this issuer, which had the same e-mail address; ask an administrator");
  }
  if (user.origin == UserOrigin::kDevelopment) {
    return Refused("the account " + user.email +
                   " was made without a login, so that others may hold its keys; it cannot be taken over by one");
  }
  return {};
}

}  // namespace

Status LoginStore::Begin(const LoginAttempt& attempt) {
  return db_.Transact([&](Transaction& tx) -> Status {
    CLOISTER_TRY(tx.Run("DELETE FROM login_attempts WHERE created_at <= ?",
                        {StoredTime({attempt.created_at.unix_ms - kAttemptMs})}));
    CLOISTER_TRY(
        tx.Run("DELETE FROM login_attempts WHERE state IN"
               " (SELECT state FROM login_attempts ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?)",
               {kAttemptsMax - 1}));
    return tx.Run(
        "INSERT INTO login_attempts(state, browser, nonce, verifier, return_to, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        {attempt.state, attempt.browser, attempt.nonce, attempt.verifier, attempt.return_to,
         StoredTime(attempt.created_at)});
  });
}

Result<std::optional<LoginAttempt>> LoginStore::Take(const Answer& answer, Instant now) {
  return db_.Transact([&](Transaction& tx) -> Result<std::optional<LoginAttempt>> {
    CLOISTER_ASSIGN(auto found, tx.First("SELECT nonce, verifier, return_to, created_at FROM login_attempts"
                                         " WHERE state = ? AND browser = ? AND created_at > ?",
                                         {answer.state, answer.browser, StoredTime({now.unix_ms - kAttemptMs})},
                                         [&](const SqlRow& row) {
                                           return LoginAttempt{.state = answer.state,
                                                               .browser = answer.browser,
                                                               .nonce = row.Text(0),
                                                               .verifier = row.Text(1),
                                                               .return_to = row.Text(2),
                                                               .created_at = StoredTime(row, 3)};
                                         }));
    if (found) CLOISTER_TRY(tx.Run("DELETE FROM login_attempts WHERE state = ?", {answer.state}));
    return found;
  });
}

Result<UserRecord> LoginStore::Recognise(const Subject& subject, const UserRecord& fresh) {
  return db_.Transact([&](Transaction& tx) -> Result<UserRecord> {
    CLOISTER_ASSIGN(const auto known, FindBySubject(tx, subject));
    if (known && known->disabled_at) return Refused("this account is disabled; ask an administrator");
    if (known) return *known;
    if (!subject.authoritative) {
      return Refused("Google answers for addresses of Gmail and of Google Workspace alone, and " + fresh.email +
                     " is none; ask an administrator for an API key");
    }
    CLOISTER_ASSIGN(auto same_address,
                    tx.First("SELECT " CLOISTER_USER_COLUMNS " FROM users WHERE email = ?", {fresh.email}, ReadUser));
    if (same_address && same_address->disabled_at) return Refused("this account is disabled; ask an administrator");
    if (same_address) {
      CLOISTER_TRY(CheckBinding(tx, subject, *same_address));
    } else {
      CLOISTER_TRY(InsertUser(tx, fresh));
    }
    const UserId& id = same_address ? same_address->id : fresh.id;
    CLOISTER_TRY(tx.Run("INSERT INTO identities(issuer, subject, user_id, created_at) VALUES (?, ?, ?, ?)",
                        {subject.issuer, subject.subject, id.str(), StoredTime(fresh.created_at)}));
    CLOISTER_ASSIGN(const auto bound, FindBySubject(tx, subject));
    CLOISTER_CHECK(bound.has_value());
    return *bound;
  });
}

}  // namespace cloister::control
