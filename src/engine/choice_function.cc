#include "engine/choice_function.h"

#include <bit>
#include <cstring>
#include <vector>

namespace cloister::engine {
namespace {

constexpr const char* kFunctionName = "cloister_choice";
constexpr std::uint64_t kOfNull = 0xff;
constexpr std::size_t kFixedBytesMax = 16;

std::uint64_t ReadWord(const std::uint8_t* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

struct Sip {
  explicit Sip(const ChoiceKey& key)
      : v0(key[0] ^ 0x736f6d6570736575),
        v1(key[1] ^ 0x646f72616e646f6d),
        v2(key[0] ^ 0x6c7967656e657261),
        v3(key[1] ^ 0x7465646279746573) {}

  void Round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
  void Word(std::uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
  std::uint64_t Finish() {
    v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) Round();
    return v0 ^ v1 ^ v2 ^ v3;
  }

  std::uint64_t v0, v1, v2, v3;
};

// `before`, then the bytes, as one message.
inline std::uint64_t Chain(const ChoiceKey& key, std::uint64_t before, const std::uint8_t* bytes, std::size_t size) {
  Sip sip(key);
  sip.Word(before);
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) sip.Word(ReadWord(bytes + at));
  std::uint64_t last = static_cast<std::uint64_t>((size + 8) & 0xff) << 56;
  for (std::size_t i = 0; at + i < size; ++i) last |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
  sip.Word(last);
  return sip.Finish();
}

// Bytes of a value in its vector; 0 for texts, nothing for types that no plan gives.
std::optional<std::size_t> WidthOf(duckdb_logical_type type) {
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_SQLNULL:
      return 1;
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_USMALLINT:
      return 2;
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_DATE:
      return 4;
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_TIMESTAMP:
      return 8;
    case DUCKDB_TYPE_HUGEINT:
      return kFixedBytesMax;
    case DUCKDB_TYPE_VARCHAR:
      return 0;
    case DUCKDB_TYPE_DECIMAL:
      switch (duckdb_decimal_internal_type(type)) {
        case DUCKDB_TYPE_SMALLINT:
          return 2;
        case DUCKDB_TYPE_INTEGER:
          return 4;
        case DUCKDB_TYPE_BIGINT:
          return 8;
        default:
          return kFixedBytesMax;
      }
    default:
      return std::nullopt;
  }
}

// Reads the vector's own layout: a call of the C API for each value would cost more than the hash.
std::string_view TextOf(const duckdb_string_t& text) {
  const std::uint32_t size = text.value.inlined.length;
  constexpr std::uint32_t kInlinedMax = sizeof text.value.inlined.inlined;
  return {size <= kInlinedMax ? text.value.inlined.inlined : text.value.pointer.ptr, size};
}

// One argument of every row into the rows' numbers; `hash` gives the number of a value that is there.
template <typename Hash>
void MixRows(const ChoiceKey& key, const std::uint64_t* validity, std::uint64_t* numbers, idx_t rows, Hash hash) {
  for (idx_t row = 0; row < rows; ++row) {
    const bool there = validity == nullptr || (validity[row / 64] >> (row % 64) & 1) != 0;
    numbers[row] = there ? hash(row) : Chain(key, numbers[row] ^ kOfNull, nullptr, 0);
  }
}

bool Mix(const ChoiceKey& key, duckdb_vector vector, std::uint64_t* numbers, idx_t rows) {
  const LogicalTypeHandle type(duckdb_vector_get_column_type(vector));
  const auto width = WidthOf(type.get());
  if (!width) return false;
  const std::uint64_t* validity = duckdb_vector_get_validity(vector);
  const auto* data = static_cast<const std::uint8_t*>(duckdb_vector_get_data(vector));
  if (*width == 8) {
    MixRows(key, validity, numbers, rows, [&](idx_t row) { return Chain(key, numbers[row], data + row * 8, 8); });
  } else if (*width != 0) {
    MixRows(key, validity, numbers, rows,
            [&](idx_t row) { return Chain(key, numbers[row], data + row * *width, *width); });
  } else {
    const auto* texts = reinterpret_cast<const duckdb_string_t*>(data);
    MixRows(key, validity, numbers, rows, [&](idx_t row) {
      const std::string_view text = TextOf(texts[row]);
      return Chain(key, numbers[row], reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    });
  }
  return true;
}

void Bind(duckdb_bind_info info) {
  auto* keys = static_cast<ChoiceKeys*>(duckdb_scalar_function_bind_get_extra_info(info));
  duckdb_client_context context = nullptr;
  duckdb_scalar_function_get_client_context(info, &context);
  const auto key = keys->Find(duckdb_client_context_get_connection_id(context));
  duckdb_destroy_client_context(&context);
  if (!key) {
    duckdb_scalar_function_bind_set_error(info, "this connection chooses nothing");
    return;
  }
  const auto destroy = [](void* data) { delete static_cast<ChoiceKey*>(data); };
  const auto copy = [](void* data) -> void* { return new ChoiceKey(*static_cast<ChoiceKey*>(data)); };
  duckdb_scalar_function_set_bind_data(info, new ChoiceKey(*key), destroy);
  duckdb_scalar_function_set_bind_data_copy(info, copy);
}

void Choose(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const ChoiceKey& key = *static_cast<ChoiceKey*>(duckdb_scalar_function_get_bind_data(info));
  auto* numbers = static_cast<std::uint64_t*>(duckdb_vector_get_data(output));
  const idx_t rows = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < rows; ++row) numbers[row] = 0;
  for (idx_t column = 0; column < duckdb_data_chunk_get_column_count(input); ++column) {
    if (Mix(key, duckdb_data_chunk_get_vector(input, column), numbers, rows)) continue;
    duckdb_scalar_function_set_error(info, "an argument has a type that cannot choose");
    return;
  }
}

using ScalarFunctionHandle = Handle<duckdb_scalar_function, duckdb_destroy_scalar_function>;

idx_t ConnectionId(duckdb_connection connection) {
  duckdb_client_context context = nullptr;
  duckdb_connection_get_client_context(connection, &context);
  const idx_t id = duckdb_client_context_get_connection_id(context);
  duckdb_destroy_client_context(&context);
  return id;
}

}  // namespace

std::uint64_t SipHash24(const ChoiceKey& key, ByteView message) {
  Sip sip(key);
  std::size_t at = 0;
  for (; at + 8 <= message.size(); at += 8) sip.Word(ReadWord(message.data() + at));
  std::uint64_t last = static_cast<std::uint64_t>(message.size() & 0xff) << 56;
  for (std::size_t i = 0; at + i < message.size(); ++i) last |= static_cast<std::uint64_t>(message[at + i]) << (8 * i);
  sip.Word(last);
  return sip.Finish();
}

void ChoiceKeys::Set(idx_t connection, const ChoiceKey& key) {
  MutexLock lock(mutex_);
  keys_[connection] = key;
}

void ChoiceKeys::Forget(idx_t connection) {
  MutexLock lock(mutex_);
  keys_.erase(connection);
}

std::optional<ChoiceKey> ChoiceKeys::Find(idx_t connection) const {
  MutexLock lock(mutex_);
  const auto found = keys_.find(connection);
  return found == keys_.end() ? std::nullopt : std::optional(found->second);
}

ChoiceKeyScope::ChoiceKeyScope(ChoiceKeys& keys, duckdb_connection connection, const ChoiceKey& key)
    : keys_(keys), connection_(ConnectionId(connection)) {
  keys_.Set(connection_, key);
}
ChoiceKeyScope::~ChoiceKeyScope() { keys_.Forget(connection_); }

Status RegisterChoice(duckdb_connection connection, ChoiceKeys& keys) {
  ScalarFunctionHandle function(duckdb_create_scalar_function());
  const LogicalTypeHandle any(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
  const LogicalTypeHandle number(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
  duckdb_scalar_function_set_name(function.get(), kFunctionName);
  duckdb_scalar_function_set_varargs(function.get(), any.get());
  duckdb_scalar_function_set_return_type(function.get(), number.get());
  duckdb_scalar_function_set_special_handling(function.get());  // NULL is a value like others
  duckdb_scalar_function_set_extra_info(function.get(), &keys, nullptr);
  duckdb_scalar_function_set_bind(function.get(), Bind);
  duckdb_scalar_function_set_function(function.get(), Choose);
  if (duckdb_register_scalar_function(connection, function.get()) != DuckDBSuccess) {
    return Internal("the engine does not take the function that chooses contributions");
  }
  return {};
}

}  // namespace cloister::engine
