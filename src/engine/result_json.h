#pragma once

// A result as people and programs open it:
//
//   {"columns":[{"name":"city","type":"VARCHAR"},{"name":"n","type":"BIGINT"}],
//    "rows":[["Basel",120],["Bern",null]]}
//
// with a member "noise" behind the rows where there is noise (sql/lower/noisy_columns.h),
// "intervals" (enclave/interval_sink.h), and "generalised" where rows were (enclave/anonymous_release.h), in one line,
// followed by spaces up to a size band, so that the sealed file's length says little. Numbers
// that JavaScript could not hold exactly (integers beyond 2^53, DECIMAL, HUGEINT) are texts, as are dates and
// times (ISO 8601) and NaN and infinities; a column's type tells how to read them. Doubles are the shortest
// text that reads back the same (RFC 8785).

#include <cstdint>
#include <string>
#include <vector>

#include "engine/execute.h"
#include "sql/executable_plan.h"

namespace cloister::engine {

// Bands are powers of two from here.
inline constexpr std::size_t kResultBandBytesMin = 4096;
// The length that a result of `bytes` is padded to: 4096 for 1, 8192 for 4097.
std::size_t ResultBandBytes(std::size_t bytes);

// Members behind the rows, each canonical JSON, or empty for none.
struct ResultNotes {
  std::string_view noise = {};
  std::string_view intervals = {};
  std::string_view generalised = {};
};

// Rows in, JSON out. Not thread-safe.
class JsonResultWriter final : public RowSink {
 public:
  // kResourceExhausted instead of a text beyond `bytes_max`.
  JsonResultWriter(const std::vector<sql::PlanColumn>& columns, std::size_t bytes_max);
  Status Row(std::span<const Value> row) override;
  // The padded text; the writer is empty afterwards.
  std::string Finish(const ResultNotes& notes = {});

 private:
  std::string text_;
  std::size_t bytes_max_;
  std::size_t columns_;
  std::int64_t rows_ = 0;
};

}  // namespace cloister::engine
