#pragma once

// How our value types stand in columns. What we wrote ourselves and cannot read back is a broken invariant.
// Room-private.

#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "base/result.h"
#include "control/store/db.h"

namespace cloister::control {

template <typename IdType>
IdType StoredId(const SqlRow& row, int column) {
  auto id = IdType::Parse(row.Text(column));
  CLOISTER_CHECK(id.has_value());
  return *std::move(id);
}

// RFC 3339 in UTC with whole seconds sorts as text.
inline std::string StoredTime(Instant instant) { return FormatRfc3339(instant); }
inline Instant StoredTime(const SqlRow& row, int column) {
  auto instant = ParseRfc3339(row.Text(column));
  CLOISTER_CHECK(instant.has_value());
  return *instant;
}

}  // namespace cloister::control
