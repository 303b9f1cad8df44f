#include "engine/unit_count.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "engine/aggregate_state.h"
#include "privacy/differencing/unit_set.h"

namespace cloister::engine {
namespace {

constexpr const char* kFunctionName = "cloister_units_up_to";
constexpr const char* kCountName = "cloister_unit_count";

// The first units of a group. Few are looked through, many are hashed: a group of many rows of nearly `limit` units
// must not cost their product.
template <typename Stored>
class FirstUnits {
 public:
  template <typename Key>
  void Add(const Key& key) {
    if (!many_.empty()) {
      many_.emplace(key);
      return;
    }
    if (std::find(few_.begin(), few_.end(), key) != few_.end()) return;
    few_.emplace_back(key);
    if (few_.size() <= kFewMax) return;
    many_.insert(few_.begin(), few_.end());
    few_.clear();
  }
  std::size_t size() const { return few_.size() + many_.size(); }
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Stored& key : few_) visit(key);
    for (const Stored& key : many_) visit(key);
  }

 private:
  static constexpr std::size_t kFewMax = 32;
  std::vector<Stored> few_;
  std::unordered_set<Stored> many_;
};

// The engine's state of a group: full groups have no set any more.
template <typename Stored>
struct State {
  FirstUnits<Stored>* units;
  std::int64_t limit;
  bool full;

  template <typename Key>
  void Add(const Key& key) {
    if (units == nullptr) units = new FirstUnits<Stored>;
    units->Add(key);
    if (static_cast<std::int64_t>(units->size()) >= limit) Fill();
  }
  void Fill() {
    Clear();
    full = true;
  }
  void Clear() {
    delete units;
    units = nullptr;
  }
  std::int64_t Count() const {
    if (full) return limit;
    return units == nullptr ? 0 : static_cast<std::int64_t>(units->size());
  }
};

template <typename Stored>
State<Stored>& StateOf(duckdb_aggregate_state state) {
  return *reinterpret_cast<State<Stored>*>(state);
}

template <typename Stored>
idx_t StateSize(duckdb_function_info) {
  return sizeof(State<Stored>);
}

template <typename Stored>
void Init(duckdb_function_info, duckdb_aggregate_state state) {
  StateOf<Stored>(state) = {};
}

template <typename Stored>
void Destroy(duckdb_aggregate_state* states, idx_t count) {
  for (idx_t i = 0; i < count; ++i) StateOf<Stored>(states[i]).Clear();
}

// DuckDB is C++ behind a C face: no exception of ours may pass through its frames.
template <typename Stored>
void Update(duckdb_function_info info, duckdb_data_chunk input, duckdb_aggregate_state* states) {
  const idx_t rows = duckdb_data_chunk_get_size(input);
  const auto* limits = static_cast<const std::int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
  const duckdb_vector unit = duckdb_data_chunk_get_vector(input, 1);
  const auto* numbers = static_cast<const std::int64_t*>(duckdb_vector_get_data(unit));
  try {
    for (idx_t row = 0; row < rows; ++row) {
      State<Stored>& state = StateOf<Stored>(states[row]);
      if (state.full || !IsValidAt(unit, row)) continue;
      state.limit = std::max<std::int64_t>(limits[row], 1);
      if constexpr (std::is_same_v<Stored, std::string>)
        state.Add(TextAt(unit, row));
      else
        state.Add(numbers[row]);
    }
  } catch (const std::bad_alloc&) {
    duckdb_aggregate_function_set_error(info, kOutOfMemoryForUnits);
  }
}

template <typename Stored>
void Combine(duckdb_function_info info, duckdb_aggregate_state* sources, duckdb_aggregate_state* targets, idx_t count) {
  try {
    for (idx_t i = 0; i < count; ++i) {
      const State<Stored>& from = StateOf<Stored>(sources[i]);
      State<Stored>& into = StateOf<Stored>(targets[i]);
      if (into.full || from.limit == 0) continue;
      into.limit = from.limit;
      if (from.full) {
        into.Fill();
      } else if (from.units != nullptr) {
        from.units->ForEach([&](const Stored& key) {
          if (!into.full) into.Add(key);
        });
      }
    }
  } catch (const std::bad_alloc&) {
    duckdb_aggregate_function_set_error(info, kOutOfMemoryForUnits);
  }
}

template <typename Stored>
void Finalize(duckdb_function_info, duckdb_aggregate_state* sources, duckdb_vector result, idx_t count, idx_t offset) {
  auto* counts = static_cast<std::int64_t*>(duckdb_vector_get_data(result));
  for (idx_t i = 0; i < count; ++i) counts[offset + i] = StateOf<Stored>(sources[i]).Count();
}

template <typename Stored>
Status AddOverload(duckdb_aggregate_function_set set, duckdb_type key) {
  const AggregateHandle function(duckdb_create_aggregate_function());
  const LogicalTypeHandle number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  const LogicalTypeHandle of_key(duckdb_create_logical_type(key));
  duckdb_aggregate_function_set_name(function.get(), kFunctionName);
  duckdb_aggregate_function_add_parameter(function.get(), number.get());
  duckdb_aggregate_function_add_parameter(function.get(), of_key.get());
  duckdb_aggregate_function_set_return_type(function.get(), number.get());
  duckdb_aggregate_function_set_special_handling(function.get());
  duckdb_aggregate_function_set_functions(function.get(), StateSize<Stored>, Init<Stored>, Update<Stored>,
                                          Combine<Stored>, Finalize<Stored>);
  duckdb_aggregate_function_set_destructor(function.get(), Destroy<Stored>);
  if (duckdb_add_aggregate_function_to_set(set, function.get()) == DuckDBSuccess) return {};
  return Internal("the engine does not take the function that counts units");
}

// All units of a group: keys that fit in a UnitNumber by their bits, the others hashed.
class AllUnits {
 public:
  void Add(std::int64_t key) {
    if (key >= 0 && key <= privacy::kUnitNumberMax)
      small_.Add(static_cast<privacy::UnitNumber>(key));
    else
      others_.insert(key);
  }
  void AddAll(const AllUnits& other) {
    small_.AddAll(other.small_);
    others_.insert(other.others_.begin(), other.others_.end());
  }
  std::int64_t Count() { return static_cast<std::int64_t>(small_.Count() + others_.size()); }

 private:
  privacy::UnitSetBuilder small_;
  std::unordered_set<std::int64_t> others_;
};

using AllState = AggregateState<AllUnits>;

void UpdateAll(duckdb_function_info info, duckdb_data_chunk input, duckdb_aggregate_state* states) {
  const idx_t rows = duckdb_data_chunk_get_size(input);
  const duckdb_vector unit = duckdb_data_chunk_get_vector(input, 0);
  const auto* keys = static_cast<const std::int64_t*>(duckdb_vector_get_data(unit));
  try {
    for (idx_t row = 0; row < rows; ++row) {
      if (IsValidAt(unit, row)) AllState::Made(states[row]).Add(keys[row]);
    }
  } catch (const std::bad_alloc&) {
    duckdb_aggregate_function_set_error(info, kOutOfMemoryForUnits);
  }
}

void FinalizeAll(duckdb_function_info, duckdb_aggregate_state* sources, duckdb_vector result, idx_t count,
                 idx_t offset) {
  auto* counts = static_cast<std::int64_t*>(duckdb_vector_get_data(result));
  for (idx_t i = 0; i < count; ++i) {
    AllUnits* units = AllState::Of(sources[i]);
    counts[offset + i] = units == nullptr ? 0 : units->Count();
  }
}

Status RegisterAll(duckdb_connection connection) {
  const AggregateHandle function(duckdb_create_aggregate_function());
  const LogicalTypeHandle number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_aggregate_function_set_name(function.get(), kCountName);
  duckdb_aggregate_function_add_parameter(function.get(), number.get());
  duckdb_aggregate_function_set_return_type(function.get(), number.get());
  duckdb_aggregate_function_set_special_handling(function.get());
  duckdb_aggregate_function_set_functions(function.get(), AllState::Size, AllState::Init, UpdateAll, AllState::Combine,
                                          FinalizeAll);
  duckdb_aggregate_function_set_destructor(function.get(), AllState::Destroy);
  if (duckdb_register_aggregate_function(connection, function.get()) == DuckDBSuccess) return {};
  return Internal("the engine does not take the function that counts units");
}

}  // namespace

Status RegisterUnitCount(duckdb_connection connection) {
  const AggregateSetHandle set(duckdb_create_aggregate_function_set(kFunctionName));
  CLOISTER_TRY(AddOverload<std::int64_t>(set.get(), DUCKDB_TYPE_BIGINT));
  CLOISTER_TRY(AddOverload<std::string>(set.get(), DUCKDB_TYPE_VARCHAR));
  if (duckdb_register_aggregate_function_set(connection, set.get()) == DuckDBSuccess) return RegisterAll(connection);
  return Internal("the engine does not take the function that counts units");
}

}  // namespace cloister::engine
