#include "control/store/store.h"

#include "control/store/migrations.h"

namespace cloister::control {

Result<std::unique_ptr<Store>> Store::Open(const std::string& path) {
  CLOISTER_ASSIGN(auto db, Db::Open(path));
  CLOISTER_TRY(Migrate(*db));
  return std::unique_ptr<Store>(new Store(std::move(db)));
}

}  // namespace cloister::control
