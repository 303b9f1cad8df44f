#include "agreement/group_size.h"

namespace cloister::agreement {

bool StatesGroupSize(const codec::Json& policy) {
  const auto* object = policy.if_object();
  return object != nullptr && object->contains("min_group_size");
}

codec::Json WithGroupSize(codec::Json policy, std::int64_t charter_default) {
  if (auto* object = policy.if_object(); object != nullptr && !object->contains("min_group_size")) {
    (*object)["min_group_size"] = charter_default;
  }
  return policy;
}

}  // namespace cloister::agreement
