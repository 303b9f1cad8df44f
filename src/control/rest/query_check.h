#pragma once

// The compiler's verdict on a text. Room-private.

#include <string>

#include "control/rest/api.h"

namespace cloister::control {

struct CheckAsked {
  std::string text;
  std::string level = "aggregate_only";
};
// Terms in the place of those that a dataset has now, or before it has any in force.
struct CheckUnder {
  const DatasetRecord& dataset;
  const agreement::DatasetSchema& schema;
  const agreement::DatasetPolicy& policy;
};
// The verdict as the compile-only process answers it (docs/formats/channel.md). Nothing is stored, no data is touched.
Result<codec::JsonObject> CheckUnderTerms(const Api& api, const Member& member, const CheckAsked& asked,
                                          const CheckUnder& under);

}  // namespace cloister::control
