#pragma once

// What a Database is made of; for database.cc, load.cc and execute.cc.

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "engine/choice_function.h"
#include "engine/database.h"
#include "engine/duckdb_handles.h"
#include "engine/memory_file.h"
#include "engine/unit_sets.h"

namespace cloister::engine {

class RowLoad;  // row_load.h

struct Database::Internals {
  // The order of destruction is from the last member up: the instance goes last, after everything that lives
  // in it.
  MemoryFile file;  // of the load in work
  ChoiceKeys choice_keys;  // of the plans with stages that run now
  UnitSets unit_sets;      // behind the groups of guarded plans
  DatabaseLimits limits;
  DatabaseHandle database;

  // Asks how much memory is used, before every query: a connection of its own, on which the question is prepared once.
  Mutex asking;
  ConnectionHandle asker CLOISTER_GUARDED_BY(asking);
  PreparedHandle question CLOISTER_GUARDED_BY(asking);

  // Held for the whole of a load or a drop. Taken before `mutex`, never after.
  Mutex loading;
  // The rows that the table function gives, while a load of CSV or JSON lines is in work.
  std::atomic<RowLoad*> row_load = nullptr;

  Mutex mutex;
  std::map<std::string, TableInfo, std::less<>> tables CLOISTER_GUARDED_BY(mutex);
};

// What DuckDB holds now, by its own account.
Result<std::int64_t> MemoryUsed(duckdb_connection connection);

}  // namespace cloister::engine
