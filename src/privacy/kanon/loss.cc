#include "privacy/kanon/loss.h"

namespace cloister::privacy {

namespace {

// Sum over the released rows of their mean loss, and how many they are.
struct Released {
  double loss = 0;
  double rows = 0;
};

Released SumOf(const AnonymousTable& table, const std::vector<EquivalenceClass>& classes) {
  Released sum;
  for (const EquivalenceClass& one : classes) {
    const auto rows = static_cast<double>(one.rows.size());
    sum.rows += rows;
    double of_row = 0;
    for (std::size_t i = 0; i < table.quasi_identifiers.size(); ++i) {
      const QuasiIdentifier& column = table.quasi_identifiers[i];
      const std::size_t level = one.levels[i];
      of_row += column.loss[level][column.to[level][column.rows[one.rows.front()]]];
    }
    if (!table.quasi_identifiers.empty())
      sum.loss += of_row / static_cast<double>(table.quasi_identifiers.size()) * rows;
  }
  return sum;
}

}  // namespace

double NormalisedCertaintyPenalty(const AnonymousTable& table, const std::vector<EquivalenceClass>& classes) {
  if (table.rows() == 0) return 0;
  const auto rows = static_cast<double>(table.rows());
  const Released released = SumOf(table, classes);
  return (released.loss + rows - released.rows) / rows;
}

LossMetrics MeasureLoss(const AnonymousTable& table, const std::vector<EquivalenceClass>& classes, std::int64_t k) {
  if (classes.empty()) return {};
  const Released released = SumOf(table, classes);
  const auto least = static_cast<double>(classes.size()) * static_cast<double>(k);
  LossMetrics metrics{.certainty_penalty = released.loss / released.rows,
                      .average_class_size = released.rows / least,
                      .classes = static_cast<std::int64_t>(classes.size())};
  for (const EquivalenceClass& one : classes)
    metrics.discernibility += static_cast<double>(one.rows.size()) * static_cast<double>(one.rows.size());
  return metrics;
}

}  // namespace cloister::privacy
