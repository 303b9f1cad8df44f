#include "engine/unit_sets.h"

#include <atomic>
#include <memory>
#include <new>

#include "base/rng.h"
#include "engine/aggregate_state.h"
#include "engine/choice_hash.h"

namespace cloister::engine {
namespace {

using privacy::UnitNumber;
using privacy::UnitRowsBuilder;

constexpr const char* kFunctionName = "cloister_units";
constexpr const char* kSizeName = "cloister_units_size";
constexpr const char* kMarkName = "cloister_mark";
constexpr const char* kTooMany = "too many units";

using State = AggregateState<UnitRowsBuilder>;

UnitSets& SetsOf(duckdb_function_info info) {
  return *static_cast<UnitSets*>(duckdb_aggregate_function_get_extra_info(info));
}

template <typename Key>
Key KeyAt(duckdb_vector vector, idx_t row) {
  if constexpr (std::is_same_v<Key, std::int64_t>)
    return static_cast<const std::int64_t*>(duckdb_vector_get_data(vector))[row];
  else
    return TextAt(vector, row);
}

// The marks of a chunk's rows, by argument.
class Marks {
 public:
  explicit Marks(duckdb_data_chunk input) {
    for (idx_t i = 2; i < duckdb_data_chunk_get_column_count(input); ++i) {
      const duckdb_vector vector = duckdb_data_chunk_get_vector(input, i);
      columns_.push_back({.numbers = static_cast<const std::uint32_t*>(duckdb_vector_get_data(vector)),
                          .validity = duckdb_vector_get_validity(vector)});
    }
  }
  std::size_t size() const { return columns_.size(); }
  void AddTo(privacy::RowSum* sums, idx_t row) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (IsThere(columns_[i].validity, row)) sums[i] += columns_[i].numbers[row];
    }
  }

 private:
  struct Column {
    const std::uint32_t* numbers = nullptr;
    const std::uint64_t* validity = nullptr;
  };
  std::vector<Column> columns_;
};

// DuckDB is C++ behind a C face: no exception of ours may pass through its frames.
template <typename Key>
void Update(duckdb_function_info info, duckdb_data_chunk input, duckdb_aggregate_state* states) {
  const idx_t rows = duckdb_data_chunk_get_size(input);
  if (rows == 0) return;
  const duckdb_vector domain = duckdb_data_chunk_get_vector(input, 0);
  const duckdb_vector unit = duckdb_data_chunk_get_vector(input, 1);
  try {
    std::vector<Key> keys;
    std::vector<idx_t> places;
    keys.reserve(rows);
    places.reserve(rows);
    for (idx_t row = 0; row < rows; ++row) {
      if (!IsValidAt(unit, row)) continue;
      keys.push_back(KeyAt<Key>(unit, row));
      places.push_back(row);
    }
    std::vector<UnitNumber> numbers(keys.size());
    if (!SetsOf(info).NumbersOf(TextAt(domain, 0), keys, numbers))
      return duckdb_aggregate_function_set_error(info, kTooMany);
    const Marks marks(input);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      UnitRowsBuilder& builder = State::Made(states[places[i]]);
      if (builder.parts() == 0) builder = UnitRowsBuilder(1 + marks.size());
      privacy::RowSum* sums = builder.SumsOf(numbers[i]);
      ++sums[0];
      marks.AddTo(sums + 1, places[i]);
    }
  } catch (const std::bad_alloc&) {
    duckdb_aggregate_function_set_error(info, kOutOfMemoryForUnits);
  }
}

void Finalize(duckdb_function_info info, duckdb_aggregate_state* source, duckdb_vector result, idx_t count,
              idx_t offset) {
  auto* handles = static_cast<std::int64_t*>(duckdb_vector_get_data(result));
  try {
    for (idx_t i = 0; i < count; ++i) {
      UnitRowsBuilder* builder = State::Of(source[i]);
      handles[offset + i] = SetsOf(info).Put(builder == nullptr ? privacy::UnitRows() : std::move(*builder).Finish());
    }
  } catch (const std::bad_alloc&) {
    duckdb_aggregate_function_set_error(info, kOutOfMemoryForUnits);
  }
}

struct Overload {
  duckdb_type key;
  duckdb_aggregate_update_t update = nullptr;
  std::size_t marks = 0;
};

Status AddOverload(duckdb_aggregate_function_set set, const Overload& overload, UnitSets& sets) {
  const AggregateHandle function(duckdb_create_aggregate_function());
  const LogicalTypeHandle text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const LogicalTypeHandle of_key(duckdb_create_logical_type(overload.key));
  const LogicalTypeHandle mark(duckdb_create_logical_type(DUCKDB_TYPE_UINTEGER));
  const LogicalTypeHandle handle(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_aggregate_function_set_name(function.get(), kFunctionName);
  duckdb_aggregate_function_add_parameter(function.get(), text.get());
  duckdb_aggregate_function_add_parameter(function.get(), of_key.get());
  for (std::size_t i = 0; i < overload.marks; ++i) duckdb_aggregate_function_add_parameter(function.get(), mark.get());
  duckdb_aggregate_function_set_return_type(function.get(), handle.get());
  duckdb_aggregate_function_set_special_handling(function.get());
  duckdb_aggregate_function_set_extra_info(function.get(), &sets, nullptr);
  duckdb_aggregate_function_set_functions(function.get(), State::Size, State::Init, overload.update, State::Combine,
                                          Finalize);
  duckdb_aggregate_function_set_destructor(function.get(), State::Destroy);
  if (duckdb_add_aggregate_function_to_set(set, function.get()) == DuckDBSuccess) return {};
  return Internal("the engine does not take the function that collects units");
}

void SizesOf(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& sets = *static_cast<UnitSets*>(duckdb_scalar_function_get_extra_info(info));
  const auto* handles =
      static_cast<const std::int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
  auto* sizes = static_cast<std::int64_t*>(duckdb_vector_get_data(output));
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    sizes[row] = sets.SizeOf(handles[row]);
    if (sizes[row] < 0) return duckdb_scalar_function_set_error(info, "no unit set has this handle");
  }
}

Status RegisterSize(duckdb_connection connection, UnitSets& sets) {
  const ScalarFunctionHandle function(duckdb_create_scalar_function());
  const LogicalTypeHandle number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_scalar_function_set_name(function.get(), kSizeName);
  duckdb_scalar_function_add_parameter(function.get(), number.get());
  duckdb_scalar_function_set_return_type(function.get(), number.get());
  duckdb_scalar_function_set_extra_info(function.get(), &sets, nullptr);
  duckdb_scalar_function_set_function(function.get(), SizesOf);
  if (duckdb_register_scalar_function(connection, function.get()) == DuckDBSuccess) return {};
  return Internal("the engine does not take the function that counts collected units");
}

// The mark of a value of eight bytes or fewer: a finaliser of 64 bits (Steele, Lea, Flood: SplitMix, 2014) between two
// secrets. Nobody sees a mark, so nobody can look for two values of one.
std::uint32_t MarkOfWord(const ChoiceKey& key, std::uint64_t word) {
  std::uint64_t x = word ^ key[0];
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  x = (x ^ x >> 31) * (key[1] | 1);
  return static_cast<std::uint32_t>(x >> 32);
}

template <typename Mark>
void MarkRows(const std::uint64_t* validity, std::uint32_t* marks, idx_t rows, Mark mark) {
  constexpr std::uint32_t kOfNull = 0x6e756c6c;
  for (idx_t row = 0; row < rows; ++row) marks[row] = IsThere(validity, row) ? mark(row) : kOfNull;
}

void MarksOf(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const ChoiceKey& key = static_cast<UnitSets*>(duckdb_scalar_function_get_extra_info(info))->mark_key();
  const duckdb_vector vector = duckdb_data_chunk_get_vector(input, 0);
  const idx_t rows = duckdb_data_chunk_get_size(input);
  const LogicalTypeHandle type(duckdb_vector_get_column_type(vector));
  const auto width = WidthOf(type.get());
  if (!width) return duckdb_scalar_function_set_error(info, "an argument has a type that has no mark");
  auto* marks = static_cast<std::uint32_t*>(duckdb_vector_get_data(output));
  const std::uint64_t* validity = duckdb_vector_get_validity(vector);
  const auto* data = static_cast<const std::uint8_t*>(duckdb_vector_get_data(vector));
  if (*width == 8) {
    MarkRows(validity, marks, rows, [&](idx_t row) { return MarkOfWord(key, ReadWord(data + row * 8)); });
  } else if (*width != 0 && *width < 8) {
    MarkRows(validity, marks, rows, [&](idx_t row) {
      std::uint64_t word = 0;
      std::memcpy(&word, data + row * *width, *width);
      return MarkOfWord(key, word);
    });
  } else {
    const auto* texts = reinterpret_cast<const duckdb_string_t*>(data);
    MarkRows(validity, marks, rows, [&](idx_t row) {
      const auto* bytes = reinterpret_cast<const char*>(data + row * *width);
      const std::string_view text = *width == 0 ? TextOf(texts[row]) : std::string_view(bytes, *width);
      const auto number = Chain(key, 0, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
      return static_cast<std::uint32_t>(number);
    });
  }
}

Status RegisterMark(duckdb_connection connection, UnitSets& sets) {
  const ScalarFunctionHandle function(duckdb_create_scalar_function());
  const LogicalTypeHandle any(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
  const LogicalTypeHandle mark(duckdb_create_logical_type(DUCKDB_TYPE_UINTEGER));
  duckdb_scalar_function_set_name(function.get(), kMarkName);
  duckdb_scalar_function_add_parameter(function.get(), any.get());
  duckdb_scalar_function_set_return_type(function.get(), mark.get());
  duckdb_scalar_function_set_special_handling(function.get());  // NULL has a mark like others
  duckdb_scalar_function_set_extra_info(function.get(), &sets, nullptr);
  duckdb_scalar_function_set_function(function.get(), MarksOf);
  if (duckdb_register_scalar_function(connection, function.get()) == DuckDBSuccess) return {};
  return Internal("the engine does not take the function that marks rows");
}

}  // namespace

UnitSets::UnitSets() {
  SystemRng().Fill({reinterpret_cast<std::uint8_t*>(mark_key_.data()), sizeof mark_key_});
}

UnitSets::Domain& UnitSets::DomainOf(std::string_view name) {
  if (const auto found = domains_.find(name); found != domains_.end()) return found->second;
  return domains_.emplace(std::string(name), Domain()).first->second;
}

bool UnitSets::Add(Domain& domain, UnitNumber& number) {
  if (units_ >= kUnitsMax) return false;
  ++units_;
  number = domain.next++;
  return true;
}

bool UnitSets::NumberOf(Domain& domain, std::int64_t key, UnitNumber& number) {
  const bool small = key >= 0 && key < kSmallKeysMax;
  MutexLock lock(mutex_);
  if (!small) {
    const auto [at, added] = domain.numbers.emplace(key, kNone);
    if (added && !Add(domain, at->second)) return false;
    number = at->second;
    return true;
  }
  const std::atomic_ref<std::uint32_t> place(domain.small[static_cast<std::size_t>(key)]);
  if (place.load(std::memory_order_relaxed) == 0) {
    UnitNumber fresh = kNone;
    if (!Add(domain, fresh)) return false;
    place.store(fresh + 1, std::memory_order_relaxed);
  }
  number = place.load(std::memory_order_relaxed) - 1;
  return true;
}

bool UnitSets::NumbersOf(std::string_view name, std::span<const std::int64_t> keys, std::span<UnitNumber> numbers) {
  Domain* domain = nullptr;
  {
    MutexLock lock(mutex_);
    domain = &DomainOf(name);
    if (!domain->small)
      domain->small.reset(static_cast<std::uint32_t*>(std::calloc(kSmallKeysMax, sizeof(std::uint32_t))));
    if (!domain->small) return false;
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool small = keys[i] >= 0 && keys[i] < kSmallKeysMax;
    // A number is all that is read, so no order is needed.
    const std::uint32_t known = small ? std::atomic_ref<std::uint32_t>(domain->small[static_cast<std::size_t>(keys[i])])
                                            .load(std::memory_order_relaxed)
                                      : 0;
    if (known != 0)
      numbers[i] = known - 1;
    else if (!NumberOf(*domain, keys[i], numbers[i]))
      return false;
  }
  return true;
}

bool UnitSets::NumbersOf(std::string_view name, std::span<const std::string_view> keys, std::span<UnitNumber> numbers) {
  MutexLock lock(mutex_);
  Domain& domain = DomainOf(name);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto [at, added] = domain.texts.emplace(std::string(keys[i]), kNone);
    if (added && !Add(domain, at->second)) return false;
    numbers[i] = at->second;
  }
  return true;
}

std::int64_t UnitSets::Put(privacy::UnitRows rows) {
  MutexLock lock(mutex_);
  sets_.emplace(next_handle_, std::move(rows));
  return next_handle_++;
}

std::int64_t UnitSets::SizeOf(std::int64_t handle) const {
  MutexLock lock(mutex_);
  const auto found = sets_.find(handle);
  return found == sets_.end() ? -1 : static_cast<std::int64_t>(found->second.units.size());
}

Result<privacy::UnitRows> UnitSets::Take(std::int64_t handle) {
  MutexLock lock(mutex_);
  const auto found = sets_.find(handle);
  if (found == sets_.end()) return Internal("no unit set has this handle");
  privacy::UnitRows rows = std::move(found->second);
  sets_.erase(found);
  return rows;
}

void UnitSets::Clear() {
  MutexLock lock(mutex_);
  sets_.clear();
}

Status RegisterUnitSets(duckdb_connection connection, UnitSets& sets) {
  const AggregateSetHandle set(duckdb_create_aggregate_function_set(kFunctionName));
  for (std::size_t marks = 0; marks <= kMarksMax; ++marks) {
    CLOISTER_TRY(AddOverload(set.get(), {DUCKDB_TYPE_BIGINT, Update<std::int64_t>, marks}, sets));
    CLOISTER_TRY(AddOverload(set.get(), {DUCKDB_TYPE_VARCHAR, Update<std::string_view>, marks}, sets));
  }
  if (duckdb_register_aggregate_function_set(connection, set.get()) != DuckDBSuccess)
    return Internal("the engine does not take the function that collects units");
  CLOISTER_TRY(RegisterMark(connection, sets));
  return RegisterSize(connection, sets);
}

}  // namespace cloister::engine
