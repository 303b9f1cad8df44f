#pragma once

// The compiler's verdict on a text. Room-private.

#include <string>

#include "control/rest/api.h"

namespace cloister::control {

struct CheckAsked {
  std::string text;
  std::string level = "aggregate_only";
  // For CheckUnderTerms alone: e-mail address or thumbprint of who asks; absent: the first whom the terms let ask, else
  // somebody of no participant's organisation. Never the caller unless he says so: an owner's own data count for
  // himself (rule R28).
  std::optional<std::string> as = {};
};
// Terms in the place of those that a dataset has now, or before it has any in force.
struct CheckUnder {
  const DatasetRecord& dataset;
  const agreement::DatasetSchema& schema;
  const agreement::DatasetPolicy& policy;
};
// Puts terms and people of a test into a question to the compiler that was made for the caller.
Status PutTerms(codec::JsonObject& question, const Member& member, const CheckAsked& asked, const CheckUnder& under);
// The verdict as the compile-only process answers it (docs/formats/channel.md). Nothing is stored, no data is touched.
Result<codec::JsonObject> CheckUnderTerms(const Api& api, const Member& member, const CheckAsked& asked,
                                          const CheckUnder& under);

// What the caller would be told if he asked this of one dataset, for himself alone. kResourceExhausted when too many
// queries are being checked now.
Result<codec::JsonObject> CheckAlone(const Api& api, const Member& member, const CheckAsked& asked,
                                     const DatasetId& dataset);

}  // namespace cloister::control
