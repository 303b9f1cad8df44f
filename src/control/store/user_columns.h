#pragma once

// A user as a joined SELECT reads him. Room-private.

#include "control/store/columns.h"
#include "control/store/user_store.h"

namespace cloister::control {

#define CLOISTER_USER_COLUMNS                                                                                   \
  "users.id, users.email, users.name, users.organisation, users.created_at, users.administrator, users.origin," \
  " users.disabled_at, users.updated_at"
inline constexpr int kUserColumns = 9;

UserRecord ReadUser(const SqlRow& row);
// The first user of all becomes administrator, in the transaction that counts him.
Status InsertUser(Transaction& tx, const UserRecord& user);

}  // namespace cloister::control
