#pragma once

// Takes the ends of intervals off the rows of an answer (sql/executable_plan.h), so that rows are what was asked for:
//
//   plan columns ward, a; intervals of a      rows North 47.5 44.1 50.9     passed on  North 47.5
//   Json()  [{"column":"a","confidence":0.95,"low":[44.1],"high":[50.9]}]   one number a row, in the rows' order
//
// Not thread-safe. The rows' own limits bound it.

#include <string>
#include <vector>

#include "codec/json.h"
#include "engine/execute.h"
#include "sql/executable_plan.h"

namespace cloister::enclave {

class IntervalSink final : public engine::RowSink {
 public:
  // Both outlive it.
  IntervalSink(const sql::ExecutablePlan& plan, engine::RowSink& rows);
  Status Row(std::span<const engine::Value> row) override;
  // Canonical; empty for plans without intervals.
  std::string Json() const;

 private:
  struct Ends {
    codec::JsonArray low;
    codec::JsonArray high;
  };
  const sql::ExecutablePlan& plan_;
  engine::RowSink& rows_;
  std::vector<Ends> ends_;  // as plan_.intervals()
};

}  // namespace cloister::enclave
