// The price of one noisy cell: a stream of random bytes of its own (as the enclave makes it, from the noise key and the
// cell's name) and one exact draw. CPU time of this process; the median over the pairs, and the ratio is that of the
// slowest mechanism.
#include <algorithm>
#include <ctime>
#include <string>

#include "bar.h"
#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "crypto/prf_rng.h"
#include "privacy/additive_noise.h"

namespace cloister::bench {
namespace {

constexpr int kCells = 50'000;
constexpr double kMicrosecondsMax = 2;

double MicrosecondsPerCell(const privacy::AdditiveNoise& noise) {
  const SecretBytes key(crypto::kPrfKeyBytes);
  privacy::Int128 sum = 0;
  const std::clock_t begin = std::clock();
  for (int cell = 0; cell < kCells; ++cell) {
    const std::string name = "released_0 sum:1 group " + std::to_string(cell);
    crypto::PrfRng rng(key, AsBytes(name));
    sum += noise.Release(rng, 1'000'000 + cell);
  }
  const std::clock_t end = std::clock();
  // A sum that nobody reads would let the compiler drop the work.
  const double unread = sum == 1 ? 1e-9 : 0;
  return static_cast<double>(end - begin) / CLOCKS_PER_SEC * 1e6 / kCells + unread;
}

struct Setting {
  std::string name;
  Result<privacy::AdditiveNoise> noise;
};

Result<BarResult> MeasureCells(const BenchOptions& options) {
  const auto epsilon = privacy::Epsilon::OfUnits(333'333'333);
  const auto rho = privacy::Rho::OfUnits(12'345'678'901);
  const Setting settings[] = {
      {"laplace_count_us", privacy::AdditiveNoise::Laplace({.groups_max = 4}, epsilon)},
      {"laplace_sum_us", privacy::AdditiveNoise::Laplace({.per_group_max = 40'000'000, .groups_max = 4}, epsilon)},
      {"gaussian_count_us", privacy::AdditiveNoise::Gaussian({.groups_max = 4}, rho)},
      {"gaussian_sum_us", privacy::AdditiveNoise::Gaussian({.per_group_max = 40'000'000, .groups_max = 4}, rho)},
  };
  BarResult result{.limit = kMicrosecondsMax, .bound = Bound::kAtMost, .unit = "microseconds a cell", .detail = {}};
  for (const Setting& setting : settings) {
    if (!setting.noise) return setting.noise.error();
    std::vector<double> each;
    for (int pair = 0; pair < options.pairs; ++pair) each.push_back(MicrosecondsPerCell(*setting.noise));
    const double median = Median(each);
    result.detail[setting.name] = Rounded(median);
    result.ratio = std::max(result.ratio, median);
  }
  result.ratio = Rounded(result.ratio);
  return result;
}

const BarRegistration kCellsBar{{"dp-noise-cell", "exact noise on one cell", MeasureCells}};

}  // namespace
}  // namespace cloister::bench
