#include "engine/group_numbers.h"

#include <algorithm>
#include <new>

#include "engine/choice_function.h"
#include "engine/choice_hash.h"

namespace cloister::engine {
namespace {

constexpr std::size_t kEntryBytes = 64;  // of a group, beside its keys

// One key of a chunk's rows.
struct Column {
  std::size_t width = 0;  // 0: texts
  const std::uint8_t* data = nullptr;
  const std::uint64_t* validity = nullptr;

  bool Has(idx_t row) const { return IsThere(validity, row); }
  std::string_view BytesAt(idx_t row) const {
    if (width == 0) return TextOf(reinterpret_cast<const duckdb_string_t*>(data)[row]);
    return {reinterpret_cast<const char*>(data) + row * width, width};
  }
};

std::optional<std::vector<Column>> ColumnsOf(duckdb_data_chunk input) {
  std::vector<Column> columns;
  for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(input); ++i) {
    const duckdb_vector vector = duckdb_data_chunk_get_vector(input, i);
    const LogicalTypeHandle type(duckdb_vector_get_column_type(vector));
    const auto width = WidthOf(type.get());
    if (!width) return std::nullopt;
    columns.push_back({.width = *width,
                       .data = static_cast<const std::uint8_t*>(duckdb_vector_get_data(vector)),
                       .validity = duckdb_vector_get_validity(vector)});
  }
  return columns;
}

// A key in two words: equal words are equal keys. Of a long text the second word is its hash, as good as the number.
struct Words {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  bool operator==(const Words&) const = default;
};

Words WordsOf(std::string_view bytes, const ChoiceKey& key) {
  Words words;
  if (bytes.size() <= 12) {
    std::memcpy(&words.a, bytes.data(), std::min<std::size_t>(bytes.size(), 8));
    if (bytes.size() > 8) std::memcpy(&words.b, bytes.data() + 8, bytes.size() - 8);
    words.b |= static_cast<std::uint64_t>(bytes.size()) << 32;
    return words;
  }
  words.a = bytes.size() << 32 | 1;
  words.b = Chain(key, 0, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return words;
}

std::uint64_t Stir(std::uint64_t quick, std::uint64_t word) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  quick = (quick ^ word) * kOdd;
  return quick ^ quick >> 29;
}

}  // namespace

// The groups that one thread saw last, by a hash that need not be good.
class GroupNumbers::Recent {
 public:
  Recent(GroupNumbers& groups, const std::vector<std::size_t>& widths)
      : groups_(groups), widths_(widths), keys_(widths.size()), slots_(kSlots), words_(kSlots * widths.size()) {}

  const std::vector<std::size_t>& widths() const { return widths_; }

  bool NumbersOf(const std::vector<Column>& columns, idx_t rows, std::uint64_t* numbers) {
    rows_.resize(rows * keys_);
    quick_.assign(rows, 0);
    for (std::size_t i = 0; i < keys_; ++i) Read(columns[i], i, rows);
    for (idx_t row = 0; row < rows; ++row) {
      const std::size_t at = PlaceOf(row);
      Slot& slot = slots_[at];
      if (!Holds(at, row)) {
        if (!Number(columns, row, slot.number)) return false;
        slot.used = true;
        slot.quick = quick_[row];
        std::copy_n(&rows_[row * keys_], keys_, &words_[at * keys_]);
      }
      numbers[row] = slot.number;
    }
    return true;
  }

 private:
  static constexpr std::size_t kSlots = 1 << 14;
  static constexpr std::size_t kPlaces = 4;  // that a group may have, so that two of one hash do not fight
  struct Slot {
    std::uint64_t quick = 0;
    std::uint64_t number = 0;
    bool used = false;
  };

  bool Holds(std::size_t at, idx_t row) const {
    return slots_[at].used && slots_[at].quick == quick_[row] &&
           std::equal(&rows_[row * keys_], &rows_[row * keys_] + keys_, &words_[at * keys_]);
  }

  // Where the row's group is, or where it goes: the first free place, or the first of all.
  std::size_t PlaceOf(idx_t row) const {
    const std::size_t first = quick_[row] % kSlots;
    for (std::size_t i = 0; i < kPlaces; ++i) {
      const std::size_t at = (first + i) % kSlots;
      if (!slots_[at].used || Holds(at, row)) return at;
    }
    return first;
  }

  void Read(const Column& column, std::size_t key, idx_t rows) {
    if (column.width == 4)
      ReadWith(column, key, rows, [&](idx_t row) { return Words{.a = WordAt<std::uint32_t>(column, row)}; });
    else if (column.width == 8)
      ReadWith(column, key, rows, [&](idx_t row) { return Words{.a = WordAt<std::uint64_t>(column, row)}; });
    else
      ReadWith(column, key, rows, [&](idx_t row) { return WordsOf(column.BytesAt(row), groups_.key_); });
  }

  template <typename Word>
  static std::uint64_t WordAt(const Column& column, idx_t row) {
    Word word = 0;
    std::memcpy(&word, column.data + row * sizeof word, sizeof word);
    return word;
  }

  template <typename Get>
  void ReadWith(const Column& column, std::size_t key, idx_t rows, Get get) {
    constexpr Words kNull{.a = 0, .b = ~std::uint64_t{0}};  // no key's words
    for (idx_t row = 0; row < rows; ++row) {
      const Words words = column.Has(row) ? get(row) : kNull;
      rows_[row * keys_ + key] = words;
      quick_[row] = Stir(Stir(quick_[row], words.a), words.b);
    }
  }

  bool Number(const std::vector<Column>& columns, idx_t row, std::uint64_t& number) {
    number = 0;
    Keys keys;
    for (const Column& column : columns) {
      if (!column.Has(row)) {
        number = ChainNull(groups_.key_, number);
        keys.emplace_back();
        continue;
      }
      const std::string_view bytes = column.BytesAt(row);
      number = Chain(groups_.key_, number, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      keys.emplace_back(bytes);
    }
    return groups_.Remember(number, std::move(keys));
  }

  GroupNumbers& groups_;
  const std::vector<std::size_t> widths_;
  const std::size_t keys_;
  std::vector<Slot> slots_;
  std::vector<Words> words_;  // of the slots
  std::vector<Words> rows_;   // of the chunk in work
  std::vector<std::uint64_t> quick_;
};

GroupNumbers::GroupNumbers(const ChoiceKey& key) : key_(key) {}
GroupNumbers::~GroupNumbers() = default;

std::unique_ptr<GroupNumbers::Recent> GroupNumbers::Borrow(const std::vector<std::size_t>& widths) {
  MutexLock lock(mutex_);
  for (auto& recent : idle_) {
    if (recent->widths() != widths) continue;
    std::swap(recent, idle_.back());
    auto out = std::move(idle_.back());
    idle_.pop_back();
    return out;
  }
  return std::make_unique<Recent>(*this, widths);
}

void GroupNumbers::GiveBack(std::unique_ptr<Recent> recent) {
  MutexLock lock(mutex_);
  idle_.push_back(std::move(recent));
}

GroupNumbers::Outcome GroupNumbers::NumbersOf(duckdb_data_chunk input, std::uint64_t* numbers) {
  const auto columns = ColumnsOf(input);
  if (!columns) return Outcome::kTypeUnknown;
  std::vector<std::size_t> widths;
  for (const Column& column : *columns) widths.push_back(column.width);
  auto recent = Borrow(widths);
  const bool done = recent->NumbersOf(*columns, duckdb_data_chunk_get_size(input), numbers);
  GiveBack(std::move(recent));
  return done ? Outcome::kDone : Outcome::kTooMany;
}

bool GroupNumbers::Remember(std::uint64_t number, Keys keys) {
  MutexLock lock(mutex_);
  const auto [at, fresh] = groups_.try_emplace(number);
  if (!fresh) {
    if (keys < at->second) at->second = std::move(keys);
    return true;
  }
  bytes_ += kEntryBytes;
  for (const auto& key : keys) bytes_ += sizeof key + (key ? key->size() : 0);
  at->second = std::move(keys);
  return bytes_ <= kGroupBytesMax;
}

const GroupNumbers::Keys* GroupNumbers::Find(std::uint64_t number) const {
  MutexLock lock(mutex_);
  const auto found = groups_.find(number);
  return found == groups_.end() ? nullptr : &found->second;
}

namespace {

constexpr const char* kNumberName = "cloister_group";
constexpr const char* kKeyName = "cloister_group_key";
constexpr duckdb_type kKeyTypes[] = {DUCKDB_TYPE_BOOLEAN, DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_BIGINT,
                                     DUCKDB_TYPE_HUGEINT, DUCKDB_TYPE_DOUBLE,  DUCKDB_TYPE_DATE,
                                     DUCKDB_TYPE_TIMESTAMP, DUCKDB_TYPE_VARCHAR};

GroupNumbers& GroupsOf(duckdb_function_info info) {
  return *static_cast<Choosing*>(duckdb_scalar_function_get_bind_data(info))->groups;
}

// DuckDB is C++ behind a C face: no exception of ours may pass through its frames.
void NumberRows(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  try {
    switch (GroupsOf(info).NumbersOf(input, static_cast<std::uint64_t*>(duckdb_vector_get_data(output)))) {
      case GroupNumbers::Outcome::kDone:
        return;
      case GroupNumbers::Outcome::kTypeUnknown:
        return duckdb_scalar_function_set_error(info, "a key has a type that groups cannot have");
      case GroupNumbers::Outcome::kTooMany:
        return duckdb_scalar_function_set_error(info, "too many groups");
    }
  } catch (const std::bad_alloc&) {
    duckdb_scalar_function_set_error(info, "out of memory for groups");
  }
}

void KeyOfRows(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const LogicalTypeHandle type(duckdb_vector_get_column_type(output));
  const std::size_t width = WidthOf(type.get()).value_or(0);
  const auto* numbers =
      static_cast<const std::uint64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
  const auto* places = static_cast<const std::int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 1)));
  auto* data = static_cast<std::uint8_t*>(duckdb_vector_get_data(output));
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    const GroupNumbers::Keys* keys = GroupsOf(info).Find(numbers[row]);
    const auto place = static_cast<std::size_t>(places[row]);
    if (keys == nullptr || place >= keys->size())
      return duckdb_scalar_function_set_error(info, "no group has this number");
    const auto& key = (*keys)[place];
    if (!key) {
      duckdb_vector_ensure_validity_writable(output);
      duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
    } else if (width == 0) {
      duckdb_vector_assign_string_element_len(output, row, key->data(), key->size());
    } else if (key->size() == width) {
      std::memcpy(data + row * width, key->data(), width);
    } else {
      return duckdb_scalar_function_set_error(info, "a group's key has another type");
    }
  }
}

Error NotTaken() { return Internal("the engine does not take the functions that number groups"); }

ScalarFunctionHandle MakeFunction(const char* name, duckdb_type result, ChoiceKeys& keys) {
  ScalarFunctionHandle function(duckdb_create_scalar_function());
  const LogicalTypeHandle type(duckdb_create_logical_type(result));
  duckdb_scalar_function_set_name(function.get(), name);
  duckdb_scalar_function_set_return_type(function.get(), type.get());
  duckdb_scalar_function_set_special_handling(function.get());  // NULL is a key like others
  duckdb_scalar_function_set_extra_info(function.get(), &keys, nullptr);
  duckdb_scalar_function_set_bind(function.get(), BindChoosing);
  return function;
}

Status RegisterNumber(duckdb_connection connection, ChoiceKeys& keys) {
  const ScalarFunctionHandle function = MakeFunction(kNumberName, DUCKDB_TYPE_UBIGINT, keys);
  const LogicalTypeHandle any(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
  duckdb_scalar_function_set_varargs(function.get(), any.get());
  duckdb_scalar_function_set_function(function.get(), NumberRows);
  if (duckdb_register_scalar_function(connection, function.get()) != DuckDBSuccess) return NotTaken();
  return {};
}

Status RegisterKey(duckdb_connection connection, ChoiceKeys& keys) {
  const ScalarSetHandle set(duckdb_create_scalar_function_set(kKeyName));
  const LogicalTypeHandle number(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
  const LogicalTypeHandle place(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  for (const duckdb_type key : kKeyTypes) {
    const ScalarFunctionHandle function = MakeFunction(kKeyName, key, keys);
    const LogicalTypeHandle type(duckdb_create_logical_type(key));
    for (const auto* parameter : {&number, &place, &type})
      duckdb_scalar_function_add_parameter(function.get(), parameter->get());
    duckdb_scalar_function_set_function(function.get(), KeyOfRows);
    if (duckdb_add_scalar_function_to_set(set.get(), function.get()) != DuckDBSuccess) return NotTaken();
  }
  if (duckdb_register_scalar_function_set(connection, set.get()) != DuckDBSuccess) return NotTaken();
  return {};
}

}  // namespace

Status RegisterGroupNumbers(duckdb_connection connection, ChoiceKeys& keys) {
  CLOISTER_TRY(RegisterNumber(connection, keys));
  return RegisterKey(connection, keys);
}

}  // namespace cloister::engine
