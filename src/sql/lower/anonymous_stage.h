#pragma once

// A release of level k_anonymized as a stage: the rows as they are for C++, with what may become of each column.

#include "sql/executable_plan.h"
#include "sql/lower/sql_printer.h"

namespace cloister::sql {

// `query` is of level k_anonymized. Fills the stage, and `answer`: the statement that reads its released table.
PlanStage MakeAnonymousStage(const PrivateQuery& query, SqlPrinter& printer, std::string& answer);

}  // namespace cloister::sql
