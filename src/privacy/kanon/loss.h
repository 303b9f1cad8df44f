#pragma once

// What a release lost, in the literature's measures. What is told to readers (LossMetrics) counts the released rows
// alone: how many were suppressed is a number about the few who are unlike, and may be one.

#include "privacy/kanon/table.h"

namespace cloister::privacy {

struct LossMetrics {
  double certainty_penalty = 0;   // see below, of the released rows; 0 (as it was) to 1
  double discernibility = 0;      // sum of |class|^2 (Bayardo, Agrawal 2005; their term for suppressed rows left out)
  double average_class_size = 0;  // rows released / (classes * k) (LeFevre et al. 2006); 0 without classes
  std::int64_t classes = 0;
};

// NCP (Xu et al. 2006): the mean over all cells of the share of the domain that the released value covers; suppressed
// cells count as 1. A table without quasi-identifiers loses the suppressed share.
double NormalisedCertaintyPenalty(const AnonymousTable& table, const std::vector<EquivalenceClass>& classes);

LossMetrics MeasureLoss(const AnonymousTable& table, const std::vector<EquivalenceClass>& classes, std::int64_t k);

}  // namespace cloister::privacy
