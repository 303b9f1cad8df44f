#pragma once

// The schema, as numbered steps from an empty file to what this version reads. A step is never edited once
// released.

#include "base/result.h"
#include "control/store/db.h"

namespace cloister::control {

// Applies the steps that are missing, all in one transaction. kFailedPrecondition when the file was written
// by a newer version.
Status Migrate(Db& db);

}  // namespace cloister::control
