#include "enclave/noisy_release.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "crypto/prf_rng.h"

namespace cloister::enclave {
namespace {

using engine::Int128;
using engine::Value;
using sql::NoiseMechanism;
using sql::ReleasedColumn;

constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max();

void AppendNumber(std::string& out, std::uint64_t number, int bytes = 8) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(number >> (8 * i) & 0xff));
}

void AppendText(std::string& out, std::string_view text) {
  AppendNumber(out, text.size());
  out += text;
}

// A kind and a fixed number of bytes, or a text with its length: no value's bytes begin another's.
struct Encode {
  std::string& out;

  void operator()(std::monostate) const { out.push_back('n'); }
  void operator()(bool value) const { out += value ? "b1" : "b0"; }
  void operator()(std::int64_t value) const { Tagged('i', static_cast<std::uint64_t>(value)); }
  void operator()(Int128 value) const {
    Tagged('h', static_cast<std::uint64_t>(value));
    AppendNumber(out, static_cast<std::uint64_t>(value >> 64));
  }
  void operator()(double value) const { Tagged('d', std::bit_cast<std::uint64_t>(value)); }
  void operator()(const engine::Decimal& value) const {
    (*this)(value.unscaled);
    AppendNumber(out, static_cast<std::uint64_t>(value.scale), 1);
  }
  void operator()(const std::string& value) const {
    out.push_back('t');
    AppendText(out, value);
  }
  void operator()(engine::Date value) const { Tagged('D', static_cast<std::uint32_t>(value.days)); }
  void operator()(engine::Timestamp value) const { Tagged('T', static_cast<std::uint64_t>(value.micros)); }

 private:
  void Tagged(char kind, std::uint64_t number) const {
    out.push_back(kind);
    AppendNumber(out, number);
  }
};

// A sum over no row is NULL in SQL, and nothing here.
Int128 WholeNumber(const Value& value) {
  if (const auto* wide = std::get_if<Int128>(&value)) return *wide;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  CLOISTER_CHECK(engine::IsNull(value));
  return 0;
}

// "{3=10, 7=1}", as the engine writes a map of bins.
std::vector<std::int64_t> Histogram(const Value& value, std::int64_t bins) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(bins));
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return counts;
  const char* at = text->data();
  const char* const end = at + text->size();
  while (at != end) {
    if (*at < '0' || *at > '9') {
      ++at;
      continue;
    }
    std::int64_t bin = 0;
    std::int64_t count = 0;
    at = std::from_chars(at, end, bin).ptr;
    CLOISTER_CHECK(at != end && *at == '=' && bin >= 0 && bin < bins);
    at = std::from_chars(at + 1, end, count).ptr;
    counts[static_cast<std::size_t>(bin)] = count;
  }
  return counts;
}

double ToUnit(Int128 steps, double step) {
  const auto number = static_cast<double>(steps);
  return step < 1 ? number / std::round(1 / step) : number * step;
}

// A whole or fixed-point number in the type that the column has.
Value Typed(Int128 steps, double step, const std::string& type) {
  if (type == "BIGINT") {
    return static_cast<std::int64_t>(std::clamp<Int128>(steps, std::numeric_limits<std::int64_t>::min(), kLongest));
  }
  if (type == "HUGEINT") return steps;
  if (type.starts_with("DECIMAL")) {
    return engine::Decimal{.unscaled = steps, .scale = static_cast<int>(std::lround(-std::log10(step)))};
  }
  CLOISTER_CHECK(type == "DOUBLE");
  return ToUnit(steps, step);
}

}  // namespace

Result<std::unique_ptr<NoisyReleaser>> NoisyReleaser::Make(const sql::PlanStage& stage,
                                                           const sql::NoisyRelease& release, const SecretBytes& draws) {
  std::unique_ptr<NoisyReleaser> releaser(new NoisyReleaser(stage, release, draws));
  for (const NoiseMechanism& mechanism : release.mechanisms) {
    const privacy::Contribution contribution{.per_group_max = mechanism.per_group_max,
                                             .groups_max = mechanism.groups_max};
    switch (mechanism.kind) {
      case NoiseMechanism::Kind::kLaplace: {
        CLOISTER_ASSIGN(auto noise, privacy::AdditiveNoise::Laplace(contribution, mechanism.epsilon));
        releaser->mechanisms_.emplace_back(noise);
        break;
      }
      case NoiseMechanism::Kind::kGaussian: {
        CLOISTER_ASSIGN(auto noise, privacy::AdditiveNoise::Gaussian(contribution, mechanism.rho));
        releaser->mechanisms_.emplace_back(noise);
        break;
      }
      case NoiseMechanism::Kind::kQuantile: {
        CLOISTER_ASSIGN(auto quantile, privacy::QuantileMechanism::Make({.epsilon = mechanism.epsilon,
                                                                         .rank = mechanism.rank,
                                                                         .rows_max = mechanism.per_group_max,
                                                                         .groups_max = mechanism.groups_max}));
        releaser->mechanisms_.emplace_back(quantile);
        break;
      }
    }
  }
  if (release.selection) {
    CLOISTER_ASSIGN(releaser->selection_, privacy::PartitionSelection::Make(release.selection->parameters));
  }
  releaser->MeasureIntervals();
  return releaser;
}

std::string NoisyReleaser::DrawInput(std::string_view mechanism, const std::string& group) const {
  std::string input;
  AppendText(input, stage_.table);
  AppendNumber(input, static_cast<std::uint64_t>(stage_.part));
  AppendText(input, mechanism);
  AppendText(input, group);
  return input;
}

Int128 NoisyReleaser::Draw(std::size_t index, const Value& exact, const std::string& group) const {
  const NoiseMechanism& mechanism = release_.mechanisms[index];
  const std::string input = DrawInput(mechanism.id, group);
  crypto::PrfRng rng(draws_, AsBytes(input));
  if (const auto* noise = std::get_if<privacy::AdditiveNoise>(&mechanisms_[index])) {
    return noise->Release(rng, WholeNumber(exact));
  }
  const auto counts = Histogram(exact, mechanism.bins);
  return static_cast<Int128>(std::get<privacy::QuantileMechanism>(mechanisms_[index]).Release(rng, counts));
}

bool NoisyReleaser::IsSelected(std::span<const Value> row, const std::string& group) const {
  if (!selection_) return true;
  const std::string input = DrawInput("select", group);
  crypto::PrfRng rng(draws_, AsBytes(input));
  return selection_->Keep(rng, static_cast<std::int64_t>(WholeNumber(row[release_.selection->column])));
}

// How far the noise of each part goes, so that all parts together hold with kIntervalConfidence.
void NoisyReleaser::MeasureIntervals() {
  half_widths_.resize(release_.columns.size());
  for (std::size_t i = 0; i < release_.columns.size(); ++i) {
    const ReleasedColumn& column = release_.columns[i];
    if (!sql::HasInterval(column.kind)) continue;
    const double each =
        privacy::ConfidenceOfEach(sql::kIntervalConfidence, static_cast<int>(column.mechanisms.size()));
    for (const int index : column.mechanisms) {
      const auto& noise = std::get<privacy::AdditiveNoise>(mechanisms_[static_cast<std::size_t>(index)]);
      half_widths_[i].push_back(static_cast<double>(noise.HalfWidth(each)) *
                                release_.mechanisms[static_cast<std::size_t>(index)].step);
    }
  }
}

privacy::Estimate NoisyReleaser::Derive(std::size_t index, const std::vector<Int128>& noisy) const {
  const ReleasedColumn& column = release_.columns[index];
  const privacy::ValueBounds bounds{.low = column.low, .high = column.high, .middle = column.offset};
  const auto part = [&](std::size_t i) {
    const auto mechanism = static_cast<std::size_t>(column.mechanisms[i]);
    return privacy::Noisy{.value = ToUnit(noisy[mechanism], release_.mechanisms[mechanism].step),
                          .half_width = half_widths_[index][i]};
  };
  if (column.kind == ReleasedColumn::Kind::kMean) return privacy::NoisyMean(part(0), part(1), bounds);
  const privacy::NoisyMoments moments{.centred_sum = part(0), .centred_squares = part(2), .count = part(1)};
  const privacy::Estimate variance =
      column.sample ? privacy::NoisySampleVariance(moments, bounds) : privacy::NoisyVariance(moments, bounds);
  return column.kind == ReleasedColumn::Kind::kStddev ? privacy::SquareRoot(variance) : variance;
}

std::vector<privacy::Estimate> NoisyReleaser::Estimates(const std::vector<Int128>& noisy) const {
  std::vector<privacy::Estimate> estimates(release_.columns.size());
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    if (sql::HasInterval(release_.columns[i].kind)) estimates[i] = Derive(i, noisy);
  }
  return estimates;
}

Value NoisyReleaser::Make(std::size_t index, std::span<const Value> row, const std::vector<Int128>& noisy,
                          const std::vector<privacy::Estimate>& estimates) const {
  const ReleasedColumn& column = release_.columns[index];
  const auto mechanism = [&]() -> const NoiseMechanism& {
    return release_.mechanisms[static_cast<std::size_t>(column.mechanisms[0])];
  };
  const auto number = [&] { return noisy[static_cast<std::size_t>(column.mechanisms[0])]; };
  switch (column.kind) {
    case ReleasedColumn::Kind::kKey:
      return row[column.source];
    case ReleasedColumn::Kind::kConstant:
      return column.constant ? Value(*column.constant) : Value(std::monostate{});
    case ReleasedColumn::Kind::kCount:
    case ReleasedColumn::Kind::kSum:
      return Typed(number(), mechanism().step, stage_.columns[index].type);
    case ReleasedColumn::Kind::kMean:
    case ReleasedColumn::Kind::kVariance:
    case ReleasedColumn::Kind::kStddev:
      return estimates[index].value;
    case ReleasedColumn::Kind::kQuantile:
      return mechanism().low + ToUnit(number(), mechanism().step);
    case ReleasedColumn::Kind::kLow:
      return estimates[static_cast<std::size_t>(column.source)].low;
    case ReleasedColumn::Kind::kHigh:
      return estimates[static_cast<std::size_t>(column.source)].high;
  }
  CLOISTER_CHECK(false);
}

Status NoisyReleaser::Row(std::span<const Value> row) {
  std::string group;
  for (const int key : release_.keys) std::visit(Encode{group}, row[key]);
  if (!IsSelected(row, group)) return {};
  std::vector<Int128> noisy;
  for (std::size_t i = 0; i < release_.mechanisms.size(); ++i)
    noisy.push_back(Draw(i, row[release_.mechanisms[i].column], group));
  const std::vector<privacy::Estimate> estimates = Estimates(noisy);
  std::vector<Value> released;
  for (std::size_t i = 0; i < release_.columns.size(); ++i) released.push_back(Make(i, row, noisy, estimates));
  rows_.push_back(std::move(released));
  if (rows_.size() <= kReleasedGroupsMax) return {};
  return ResourceExhausted("the result has more groups than it may; group more coarsely or filter more");
}

Result<std::vector<std::vector<Value>>> NoisyReleaser::Finish() { return std::move(rows_); }

}  // namespace cloister::enclave
