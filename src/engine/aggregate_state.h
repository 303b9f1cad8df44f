#pragma once

// The engine's state of a group as a pointer to a `T` of ours: none before the group's first value. For the aggregates
// of this room whose states need memory of their own (unit_sets.cc, unit_count.cc).
//
// `T` is made without arguments and has AddAll(const T&). The engine owns the states: Destroy ends every T that
// Init began, whether or not the query came to its end. Each state is used by one thread at a time.
//
// DuckDB is C++ behind a C face: no exception of ours may pass through its frames, so Combine tells of too little
// memory by the engine's own means.

#include <duckdb.h>

#include <new>

namespace cloister::engine {

inline constexpr const char* kOutOfMemoryForUnits = "out of memory for units";

template <typename T>
struct AggregateState {
  static T*& Of(duckdb_aggregate_state state) { return *reinterpret_cast<T**>(state); }
  static T& Made(duckdb_aggregate_state state) {
    T*& made = Of(state);
    if (made == nullptr) made = new T;
    return *made;
  }

  static idx_t Size(duckdb_function_info) { return sizeof(T*); }
  static void Init(duckdb_function_info, duckdb_aggregate_state state) { Of(state) = nullptr; }
  static void Destroy(duckdb_aggregate_state* states, idx_t count) {
    for (idx_t i = 0; i < count; ++i) {
      delete Of(states[i]);
      Of(states[i]) = nullptr;
    }
  }
  static void Combine(duckdb_function_info info, duckdb_aggregate_state* sources, duckdb_aggregate_state* targets,
                      idx_t count) {
    try {
      for (idx_t i = 0; i < count; ++i) {
        if (const T* from = Of(sources[i])) Made(targets[i]).AddAll(*from);
      }
    } catch (const std::bad_alloc&) {
      duckdb_aggregate_function_set_error(info, kOutOfMemoryForUnits);
    }
  }
};

}  // namespace cloister::engine
