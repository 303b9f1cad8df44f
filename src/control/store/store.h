#pragma once

// The server's database, whole: opened, migrated, and divided by subject. Thread-safe.

#include <memory>
#include <string>

#include "base/result.h"
#include "control/store/change_store.h"
#include "control/store/custody_store.h"
#include "control/store/dataset_store.h"
#include "control/store/db.h"
#include "control/store/environment_store.h"
#include "control/store/idempotency_store.h"
#include "control/store/ledger_store.h"
#include "control/store/login_store.h"
#include "control/store/query_store.h"
#include "control/store/session_store.h"
#include "control/store/user_store.h"
#include "control/store/webhook_store.h"

namespace cloister::control {

class Store {
 public:
  static Result<std::unique_ptr<Store>> Open(const std::string& path);

  UserStore users;
  EnvironmentStore environments;
  LedgerStore ledgers;
  CustodyStore custody;
  DatasetStore datasets;
  QueryStore queries;
  ChangeStore changes;
  IdempotencyStore idempotency;
  LoginStore logins;
  SessionStore sessions;
  WebhookStore webhooks;

 private:
  explicit Store(std::unique_ptr<Db> db)
      : users(*db),
        environments(*db),
        ledgers(*db),
        custody(*db),
        datasets(*db),
        queries(*db),
        changes(*db),
        idempotency(*db),
        logins(*db),
        sessions(*db),
        webhooks(*db),
        db_(std::move(db)) {}
  std::unique_ptr<Db> db_;
};

}  // namespace cloister::control
