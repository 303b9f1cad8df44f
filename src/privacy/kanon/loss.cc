#include "privacy/kanon/loss.h"

namespace cloister::privacy {

double NormalisedCertaintyPenalty(const AnonymousTable& table, const std::vector<EquivalenceClass>& classes) {
  if (table.rows() == 0) return 0;
  double sum = 0;
  std::size_t released = 0;
  for (const EquivalenceClass& one : classes) {
    released += one.rows.size();
    double of_row = 0;
    for (std::size_t i = 0; i < table.quasi_identifiers.size(); ++i) {
      const QuasiIdentifier& column = table.quasi_identifiers[i];
      const std::size_t level = one.levels[i];
      of_row += column.loss[level][column.to[level][column.rows[one.rows.front()]]];
    }
    if (!table.quasi_identifiers.empty())
      sum += of_row / static_cast<double>(table.quasi_identifiers.size()) * static_cast<double>(one.rows.size());
  }
  return (sum + static_cast<double>(table.rows() - released)) / static_cast<double>(table.rows());
}

LossMetrics MeasureLoss(const AnonymousTable& table, const std::vector<EquivalenceClass>& classes, std::int64_t k) {
  LossMetrics metrics{.certainty_penalty = NormalisedCertaintyPenalty(table, classes),
                      .classes = static_cast<std::int64_t>(classes.size())};
  std::size_t released = 0;
  for (const EquivalenceClass& one : classes) {
    const auto size = static_cast<double>(one.rows.size());
    metrics.discernibility += size * size;
    released += one.rows.size();
  }
  const auto rows = static_cast<double>(table.rows());
  const auto suppressed = static_cast<double>(table.rows() - released);
  metrics.discernibility += suppressed * rows;
  if (rows > 0) metrics.suppressed = suppressed / rows;
  if (!classes.empty())
    metrics.average_class_size = static_cast<double>(released) / (static_cast<double>(classes.size() * k));
  return metrics;
}

}  // namespace cloister::privacy
