#include "privacy/quantile.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "privacy/additive_noise.h"
#include "privacy/random_bits.h"
#include "privacy/samplers.h"

namespace cloister::privacy {
namespace {

constexpr std::int64_t kRowsMax = std::int64_t{1} << 31;
constexpr Int128 kRowsInAllMax = Int128{1} << 40;

std::int64_t WorstWeight(QuantileRank rank) { return std::max(rank.numerator, rank.denominator - rank.numerator); }

// b * d(bin) for every bin.
std::vector<UInt128> Distances(std::span<const std::int64_t> counts, QuantileRank rank) {
  Int128 all = 0;
  for (const std::int64_t count : counts) {
    CLOISTER_CHECK(count >= 0);
    all += count;
  }
  CLOISTER_CHECK(all < kRowsInAllMax);
  const Int128 wanted = all * rank.numerator;
  std::vector<UInt128> distances;
  distances.reserve(counts.size());
  Int128 before = 0;
  for (const std::int64_t count : counts) {
    const Int128 from = before * rank.denominator;
    const Int128 to = (before + count) * rank.denominator;
    distances.push_back(static_cast<UInt128>(std::max({Int128{0}, from - wanted, wanted - to})));
    before += count;
  }
  return distances;
}

}  // namespace

Result<QuantileMechanism> QuantileMechanism::Make(const QuantileParameters& parameters) {
  const QuantileRank rank = parameters.rank;
  if (rank.denominator < 2 || rank.denominator > kQuantileDenominatorMax || rank.numerator < 1 ||
      rank.numerator >= rank.denominator) {
    return InvalidArgument("a quantile lies strictly between 0 and 1, in steps of a millionth");
  }
  if (parameters.epsilon.IsZero()) return InvalidArgument("epsilon must be above 0");
  if (parameters.rows_max < 1 || parameters.rows_max > kRowsMax || parameters.groups_max < 1 ||
      parameters.groups_max > kGroupsMax) {
    return InvalidArgument("a unit's rows and groups are out of range");
  }
  return QuantileMechanism(parameters);
}

std::size_t QuantileMechanism::Release(Rng& rng, std::span<const std::int64_t> counts) const {
  CLOISTER_CHECK(!counts.empty() && counts.size() <= kBinsMax);
  const std::vector<UInt128> distances = Distances(counts, parameters_.rank);
  const UInt128 best = *std::min_element(distances.begin(), distances.end());
  // exp(-epsilon (d - best) / (2 s groups)); everything below 2^112: 60 + 43 bits above, 1 + 51 + 20 + 30 below.
  const auto epsilon = static_cast<UInt128>(parameters_.epsilon.units());
  const UInt128 below = 2 * static_cast<UInt128>(WorstWeight(parameters_.rank)) *
                        static_cast<UInt128>(parameters_.rows_max) * static_cast<UInt128>(parameters_.groups_max) *
                        static_cast<UInt128>(Epsilon::kOne);
  const Ratio factor = Ratio{.numerator = epsilon, .denominator = below}.Reduced();
  std::vector<std::uint32_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0);
  RandomBits bits(rng);
  for (std::size_t at = 0; at < order.size(); ++at) {
    const auto pick = at + static_cast<std::size_t>(bits.Below(order.size() - at));
    std::swap(order[at], order[pick]);
    const std::size_t bin = order[at];
    const Ratio rate{.numerator = factor.numerator * (distances[bin] - best), .denominator = factor.denominator};
    if (BernoulliExp(bits, rate)) return bin;
  }
  CLOISTER_CHECK(!"the best bin is taken when its turn comes");
  return 0;
}

// P[d - best >= (2 s / epsilon) (ln bins + t)] <= exp(-t) for the exponential mechanism, and this one is not worse.
double QuantileMechanism::RankHalfWidth(double confidence, std::size_t bins) const {
  CLOISTER_CHECK(confidence > 0 && confidence < 1 && bins >= 1);
  const double weight =
      static_cast<double>(WorstWeight(parameters_.rank)) / static_cast<double>(parameters_.rank.denominator);
  const double sensitivity =
      weight * static_cast<double>(parameters_.rows_max) * static_cast<double>(parameters_.groups_max);
  return 2 * sensitivity / parameters_.epsilon.ToNumber() * std::log(static_cast<double>(bins) / (1 - confidence));
}

}  // namespace cloister::privacy
