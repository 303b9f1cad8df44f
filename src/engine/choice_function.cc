#include "engine/choice_function.h"

#include <vector>

#include "engine/choice_hash.h"

namespace cloister::engine {
namespace {

constexpr const char* kFunctionName = "cloister_choice";

// One argument of every row into the rows' numbers; `hash` gives the number of a value that is there.
template <typename Hash>
void MixRows(const ChoiceKey& key, const std::uint64_t* validity, std::uint64_t* numbers, idx_t rows, Hash hash) {
  for (idx_t row = 0; row < rows; ++row) {
    numbers[row] = IsThere(validity, row) ? hash(row) : ChainNull(key, numbers[row]);
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

void Choose(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const ChoiceKey& key = static_cast<Choosing*>(duckdb_scalar_function_get_bind_data(info))->key;
  auto* numbers = static_cast<std::uint64_t*>(duckdb_vector_get_data(output));
  const idx_t rows = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < rows; ++row) numbers[row] = 0;
  for (idx_t column = 0; column < duckdb_data_chunk_get_column_count(input); ++column) {
    if (Mix(key, duckdb_data_chunk_get_vector(input, column), numbers, rows)) continue;
    duckdb_scalar_function_set_error(info, "an argument has a type that cannot choose");
    return;
  }
}

idx_t ConnectionId(duckdb_connection connection) {
  duckdb_client_context context = nullptr;
  duckdb_connection_get_client_context(connection, &context);
  const idx_t id = duckdb_client_context_get_connection_id(context);
  duckdb_destroy_client_context(&context);
  return id;
}

}  // namespace

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

std::uint64_t SipHash24(const ChoiceKey& key, ByteView message) {
  return FinishWith(Sip(key), message.data(), message.size(), message.size());
}

void ChoiceKeys::Set(idx_t connection, const ChoiceKey& key) {
  MutexLock lock(mutex_);
  choosing_.insert_or_assign(connection, Choosing{key, std::make_shared<GroupNumbers>(key)});
}

void ChoiceKeys::Forget(idx_t connection) {
  MutexLock lock(mutex_);
  choosing_.erase(connection);
}

std::optional<Choosing> ChoiceKeys::Find(idx_t connection) const {
  MutexLock lock(mutex_);
  const auto found = choosing_.find(connection);
  return found == choosing_.end() ? std::nullopt : std::optional(found->second);
}

void BindChoosing(duckdb_bind_info info) {
  const auto* keys = static_cast<ChoiceKeys*>(duckdb_scalar_function_bind_get_extra_info(info));
  duckdb_client_context context = nullptr;
  duckdb_scalar_function_get_client_context(info, &context);
  const auto choosing = keys->Find(duckdb_client_context_get_connection_id(context));
  duckdb_destroy_client_context(&context);
  if (!choosing) {
    duckdb_scalar_function_bind_set_error(info, "this connection chooses nothing");
    return;
  }
  const auto destroy = [](void* data) { delete static_cast<Choosing*>(data); };
  const auto copy = [](void* data) -> void* { return new Choosing(*static_cast<Choosing*>(data)); };
  duckdb_scalar_function_set_bind_data(info, new Choosing(*choosing), destroy);
  duckdb_scalar_function_set_bind_data_copy(info, copy);
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
  duckdb_scalar_function_set_bind(function.get(), BindChoosing);
  duckdb_scalar_function_set_function(function.get(), Choose);
  if (duckdb_register_scalar_function(connection, function.get()) != DuckDBSuccess) {
    return Internal("the engine does not take the function that chooses contributions");
  }
  return {};
}

}  // namespace cloister::engine
