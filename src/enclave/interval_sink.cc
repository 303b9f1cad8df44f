#include "enclave/interval_sink.h"

#include <cmath>

#include "base/check.h"

namespace cloister::enclave {
namespace {

// A row of a table that was joined to nothing has no interval.
codec::Json NumberOf(const engine::Value& value) {
  const auto* number = std::get_if<double>(&value);
  return number != nullptr && std::isfinite(*number) ? codec::Json(*number) : codec::Json(nullptr);
}

}  // namespace

IntervalSink::IntervalSink(const sql::ExecutablePlan& plan, engine::RowSink& rows)
    : plan_(plan), rows_(rows), ends_(plan.intervals().size()) {}

Status IntervalSink::Row(std::span<const engine::Value> row) {
  const std::size_t columns = plan_.columns().size();
  CLOISTER_CHECK(row.size() == columns + 2 * ends_.size());
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    ends_[i].low.push_back(NumberOf(row[columns + 2 * i]));
    ends_[i].high.push_back(NumberOf(row[columns + 2 * i + 1]));
  }
  return rows_.Row(row.first(columns));
}

std::string IntervalSink::Json() const {
  if (ends_.empty()) return "";
  codec::JsonArray out;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    out.push_back(codec::JsonObject{{"column", plan_.columns()[static_cast<std::size_t>(plan_.intervals()[i])].name},
                                    {"confidence", sql::kIntervalConfidence},
                                    {"low", ends_[i].low},
                                    {"high", ends_[i].high}});
  }
  return codec::CanonicalJson(out);
}

}  // namespace cloister::enclave
