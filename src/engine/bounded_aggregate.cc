#include "engine/bounded_aggregate.h"

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "codec/sql_text.h"

namespace cloister::engine {
namespace {

using codec::Int128;

constexpr idx_t kLimit = 0;
constexpr idx_t kChoice = 1;
constexpr idx_t kGroup = 2;
constexpr idx_t kFirstValue = 3;

// How one overload lays out its state; lives as long as the database.
struct Shape {
  std::uint32_t groups = 0;
  std::uint32_t values = 0;
};

struct Head {
  std::uint32_t size = 0;
  std::uint32_t limit = 0;
};

// First choice and group of each slot, which every row looks at, then the sums. Memory of states is aligned to 8 bytes
// only, so sums are copied.
constexpr std::size_t kSlotHeadBytes = 2 * sizeof(std::uint64_t);
constexpr std::size_t kSumBytes = sizeof(Int128);

// States lie all over memory: they are asked for this many rows ahead.
constexpr idx_t kRowsAhead = 12;
constexpr std::size_t kLineBytes = 64;

void Prefetch(duckdb_aggregate_state* states, idx_t row, idx_t rows) {
  if (row + kRowsAhead >= rows) return;
  const auto* ahead = reinterpret_cast<const std::uint8_t*>(states[row + kRowsAhead]);
  __builtin_prefetch(ahead);
  __builtin_prefetch(ahead + kLineBytes);
}

class State {
 public:
  State(duckdb_aggregate_state state, const Shape& shape)
      : head_(reinterpret_cast<Head*>(state)),
        slots_(reinterpret_cast<std::uint8_t*>(state) + sizeof(Head)),
        shape_(shape) {}

  static std::size_t Bytes(const Shape& shape) {
    return sizeof(Head) + shape.groups * (kSlotHeadBytes + shape.values * kSumBytes);
  }

  void Clear() { *head_ = Head{}; }
  std::uint32_t size() const { return head_->size; }
  std::uint64_t choice(std::uint32_t slot) const { return Word(slot, 0); }
  std::uint64_t group(std::uint32_t slot) const { return Word(slot, 1); }
  Int128 sum(std::uint32_t slot, std::uint32_t value) const {
    Int128 sum;
    std::memcpy(&sum, SumAt(slot, value), kSumBytes);
    return sum;
  }
  void Add(std::uint32_t slot, std::uint32_t value, Int128 amount) {
    const Int128 total = sum(slot, value) + amount;
    std::memcpy(SumAt(slot, value), &total, kSumBytes);
  }

  void SetLimit(std::int64_t limit) {
    if (head_->limit != 0) return;
    head_->limit = limit < 1 ? 1 : limit > shape_.groups ? shape_.groups : static_cast<std::uint32_t>(limit);
  }

  // Where the group's sums are; kLeftOut when others have lesser choices.
  static constexpr std::uint32_t kLeftOut = 0xffffffff;
  std::uint32_t Find(std::uint64_t choice, std::uint64_t group) {
    std::uint32_t last = 0;
    for (std::uint32_t slot = 0; slot < head_->size; ++slot) {
      if (Word(slot, 1) == group) return slot;
      if (IsBefore(Word(last, 0), Word(last, 1), Word(slot, 0), Word(slot, 1))) last = slot;
    }
    if (head_->size < head_->limit) return Fill(head_->size++, choice, group);
    return IsBefore(choice, group, Word(last, 0), Word(last, 1)) ? Fill(last, choice, group) : kLeftOut;
  }

  std::uint32_t limit() const { return head_->limit; }

 private:
  // Equal choices, once in 2^64, are told apart by the group.
  static bool IsBefore(std::uint64_t choice, std::uint64_t group, std::uint64_t other, std::uint64_t other_group) {
    return choice != other ? choice < other : group < other_group;
  }

  std::uint8_t* At(std::uint32_t slot) const { return slots_ + slot * kSlotHeadBytes; }
  std::uint8_t* SumAt(std::uint32_t slot, std::uint32_t value) const {
    return At(shape_.groups) + (slot * shape_.values + value) * kSumBytes;
  }
  std::uint64_t Word(std::uint32_t slot, int index) const {
    std::uint64_t word;
    std::memcpy(&word, At(slot) + index * sizeof word, sizeof word);
    return word;
  }
  std::uint32_t Fill(std::uint32_t slot, std::uint64_t choice, std::uint64_t group) {
    std::memcpy(At(slot), &choice, sizeof choice);
    std::memcpy(At(slot) + sizeof choice, &group, sizeof group);
    std::memset(SumAt(slot, 0), 0, shape_.values * kSumBytes);
    return slot;
  }

  Head* head_;
  std::uint8_t* slots_;
  const Shape& shape_;
};

const Shape& ShapeOf(duckdb_function_info info) {
  return *static_cast<const Shape*>(duckdb_aggregate_function_get_extra_info(info));
}

idx_t StateSize(duckdb_function_info info) { return State::Bytes(ShapeOf(info)); }

void Init(duckdb_function_info info, duckdb_aggregate_state state) { State(state, ShapeOf(info)).Clear(); }

// One column of the input.
struct Column {
  const void* data = nullptr;
  std::uint64_t* validity = nullptr;

  explicit Column(duckdb_vector vector)
      : data(duckdb_vector_get_data(vector)), validity(duckdb_vector_get_validity(vector)) {}
  bool IsValid(idx_t row) const { return validity == nullptr || duckdb_validity_row_is_valid(validity, row); }
  template <typename T>
  T At(idx_t row) const {
    return static_cast<const T*>(data)[row];
  }
};

void Update(duckdb_function_info info, duckdb_data_chunk input, duckdb_aggregate_state* states) {
  const Shape& shape = ShapeOf(info);
  std::vector<Column> columns;
  for (idx_t i = 0; i < kFirstValue + shape.values; ++i) columns.emplace_back(duckdb_data_chunk_get_vector(input, i));
  const idx_t rows = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < rows; ++row) {
    Prefetch(states, row, rows);
    State state(states[row], shape);
    state.SetLimit(columns[kLimit].At<std::int64_t>(row));
    const std::uint32_t slot =
        state.Find(columns[kChoice].At<std::uint64_t>(row), columns[kGroup].At<std::uint64_t>(row));
    if (slot == State::kLeftOut) continue;
    for (std::uint32_t value = 0; value < shape.values; ++value) {
      const Column& column = columns[kFirstValue + value];
      if (column.IsValid(row)) state.Add(slot, value, column.At<std::int64_t>(row));
    }
  }
}

void Combine(duckdb_function_info info, duckdb_aggregate_state* sources, duckdb_aggregate_state* targets, idx_t count) {
  const Shape& shape = ShapeOf(info);
  for (idx_t i = 0; i < count; ++i) {
    Prefetch(sources, i, count);
    Prefetch(targets, i, count);
    const State source(sources[i], shape);
    State target(targets[i], shape);
    if (source.size() == 0) continue;
    target.SetLimit(source.limit());
    for (std::uint32_t from = 0; from < source.size(); ++from) {
      const std::uint32_t slot = target.Find(source.choice(from), source.group(from));
      if (slot == State::kLeftOut) continue;
      for (std::uint32_t value = 0; value < shape.values; ++value) target.Add(slot, value, source.sum(from, value));
    }
  }
}

void Finalize(duckdb_function_info info, duckdb_aggregate_state* sources, duckdb_vector result, idx_t count,
              idx_t offset) {
  const Shape& shape = ShapeOf(info);
  idx_t end = duckdb_list_vector_get_size(result);
  idx_t more = 0;
  for (idx_t i = 0; i < count; ++i) more += State(sources[i], shape).size();
  duckdb_list_vector_reserve(result, end + more);
  const duckdb_vector child = duckdb_list_vector_get_child(result);
  auto* groups = static_cast<std::uint64_t*>(duckdb_vector_get_data(duckdb_struct_vector_get_child(child, 0)));
  std::vector<Int128*> sums;
  for (std::uint32_t value = 0; value < shape.values; ++value) {
    sums.push_back(static_cast<Int128*>(duckdb_vector_get_data(duckdb_struct_vector_get_child(child, 1 + value))));
  }
  auto* entries = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(result));
  for (idx_t i = 0; i < count; ++i) {
    const State state(sources[i], shape);
    entries[offset + i] = {end, state.size()};
    for (std::uint32_t slot = 0; slot < state.size(); ++slot, ++end) {
      groups[end] = state.group(slot);
      for (std::uint32_t value = 0; value < shape.values; ++value) {
        const Int128 sum = state.sum(slot, value);
        std::memcpy(&sums[value][end], &sum, sizeof sum);
      }
    }
  }
  duckdb_list_vector_set_size(result, end);
}

LogicalTypeHandle Simple(duckdb_type type) { return LogicalTypeHandle(duckdb_create_logical_type(type)); }

// LIST(STRUCT(g UBIGINT, r0 HUGEINT, ...))
LogicalTypeHandle ResultType(std::uint32_t values) {
  std::vector<LogicalTypeHandle> owned;
  std::vector<std::string> names{"g"};
  owned.push_back(Simple(DUCKDB_TYPE_UBIGINT));
  for (std::uint32_t i = 0; i < values; ++i) {
    owned.push_back(Simple(DUCKDB_TYPE_HUGEINT));
    names.push_back("r" + std::to_string(i));
  }
  std::vector<duckdb_logical_type> types;
  std::vector<const char*> texts;
  for (std::size_t i = 0; i < owned.size(); ++i) {
    types.push_back(owned[i].get());
    texts.push_back(names[i].c_str());
  }
  const LogicalTypeHandle row(duckdb_create_struct_type(types.data(), texts.data(), types.size()));
  return LogicalTypeHandle(duckdb_create_list_type(row.get()));
}

AggregateHandle MakeAggregate(const std::string& name, const Shape& shape) {
  AggregateHandle function(duckdb_create_aggregate_function());
  const LogicalTypeHandle bigint = Simple(DUCKDB_TYPE_BIGINT);
  const LogicalTypeHandle ubigint = Simple(DUCKDB_TYPE_UBIGINT);
  duckdb_aggregate_function_set_name(function.get(), name.c_str());
  duckdb_aggregate_function_add_parameter(function.get(), bigint.get());
  duckdb_aggregate_function_add_parameter(function.get(), ubigint.get());
  duckdb_aggregate_function_add_parameter(function.get(), ubigint.get());
  for (std::uint32_t i = 0; i < shape.values; ++i)
    duckdb_aggregate_function_add_parameter(function.get(), bigint.get());
  duckdb_aggregate_function_set_return_type(function.get(), ResultType(shape.values).get());
  duckdb_aggregate_function_set_functions(function.get(), StateSize, Init, Update, Combine, Finalize);
  duckdb_aggregate_function_set_special_handling(function.get());  // NULL values add nothing, but their rows count
  const auto destroy = [](void* data) { delete static_cast<Shape*>(data); };
  duckdb_aggregate_function_set_extra_info(function.get(), new Shape(shape), destroy);
  return function;
}

}  // namespace

Status RegisterBounded(duckdb_connection connection) {
  for (const int groups : kBoundedSizes) {
    const std::string name = "cloister_bounded_" + std::to_string(groups);
    AggregateSetHandle set(duckdb_create_aggregate_function_set(name.c_str()));
    for (int values = 0; values <= kBoundedValuesMax; ++values) {
      const AggregateHandle function = MakeAggregate(
          name, {.groups = static_cast<std::uint32_t>(groups), .values = static_cast<std::uint32_t>(values)});
      if (duckdb_add_aggregate_function_to_set(set.get(), function.get()) != DuckDBSuccess)
        return Internal("the engine does not take the aggregate that bounds contributions");
    }
    if (duckdb_register_aggregate_function_set(connection, set.get()) != DuckDBSuccess)
      return Internal("the engine does not take the aggregate that bounds contributions");
  }
  return {};
}

}  // namespace cloister::engine
