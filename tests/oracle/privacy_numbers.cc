// cloister-privacy-numbers: answers questions about the numbers of differential privacy, one a line, for programs that
// compute them another way (oracle.py here, tests/peers). Numbers are decimals; a wrong question ends it with 2.
//
//   selection EPSILON DELTA GROUPS UNITS_MIN UNITS      probability that a group of UNITS appears
//   laplace PER_GROUP GROUPS EPSILON                    scale, standard deviation, granularity
//   gaussian PER_GROUP GROUPS RHO                       sigma, standard deviation, granularity
//   half_width laplace|gaussian PER_GROUP GROUPS AMOUNT CONFIDENCE
//   zcdp_epsilon RHO DELTA | zcdp_within EPSILON DELTA | sigma EPSILON DELTA
//   left sums|zcdp EPSILON DELTA LOSS_EPSILON LOSS_DELTA LOSS_RHO
//   odometer DELTA (KIND PARAMETER PARAMETER COUNT)...  KIND: pure, laplace, gaussian, discrete_laplace
//   draw laplace|gaussian PER_GROUP GROUPS AMOUNT EXACT SEED COUNT
//   choose EPSILON RANK_NUMERATOR RANK_DENOMINATOR ROWS SEED COUNT BIN...
//   rule RULE TABLE                                     1: each class of equal quasi-identifiers keeps the rule; or 0
//   anonymise mondrian|full RULE TABLE                  for each row the number of its class, or -1
//
// RULE: K DISTINCT_L ENTROPY_L T equal|ordered. TABLE: ROWS COLUMNS LEAVES VALUES, then row by row the codes of the
// quasi-identifiers and of the sensitive column; each quasi-identifier has bands of 2 and 4 leaves. A row is one unit.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "privacy/accountant.h"
#include "privacy/additive_noise.h"
#include "privacy/gaussian.h"
#include "privacy/kanon/class_rule.h"
#include "privacy/kanon/kanon_for_test.h"
#include "privacy/kanon/mondrian.h"
#include "privacy/loss_distribution.h"
#include "privacy/partition_selection.h"
#include "privacy/quantile.h"
#include "privacy/zcdp.h"

namespace cloister::privacy {
namespace {

constexpr std::size_t kLineBytesMax = 1 << 20;

[[noreturn]] void Wrong(const std::string& what) {
  std::fprintf(stderr, "cloister-privacy-numbers: %s\n", what.c_str());
  std::exit(2);
}

class Question {
 public:
  explicit Question(const std::string& line) : in_(line) {}

  std::string Word() {
    std::string word;
    if (!(in_ >> word)) Wrong("a word is missing");
    return word;
  }
  double Number() {
    double number = 0;
    if (!(in_ >> number)) Wrong("a number is missing");
    return number;
  }
  std::int64_t Integer() {
    std::int64_t number = 0;
    if (!(in_ >> number)) Wrong("an integer is missing");
    return number;
  }
  template <typename AmountType>
  AmountType Amount(Rounding rounding) {
    const auto amount = AmountType::FromNumber(Number(), rounding);
    if (!amount) Wrong(amount.error().public_message);
    return *amount;
  }
  bool HasMore() { return (in_ >> std::ws).good(); }

 private:
  std::istringstream in_;
};

template <typename T>
T Must(Result<T> made) {
  if (!made) Wrong(made.error().public_message);
  return std::move(made).value();
}

void Say(const std::vector<double>& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) std::printf("%s%.17g", i == 0 ? "" : " ", numbers[i]);
  std::printf("\n");
}

AdditiveNoise ReadNoise(Question& in, const std::string& kind) {
  Contribution contribution;
  contribution.per_group_max = in.Integer();
  contribution.groups_max = in.Integer();
  if (kind == "laplace") return Must(AdditiveNoise::Laplace(contribution, in.Amount<Epsilon>(Rounding::kDown)));
  return Must(AdditiveNoise::Gaussian(contribution, in.Amount<Rho>(Rounding::kDown)));
}

void AnswerSelection(Question& in) {
  SelectionParameters parameters;
  parameters.epsilon = in.Amount<Epsilon>(Rounding::kDown);
  parameters.delta = in.Amount<Delta>(Rounding::kDown);
  parameters.groups_max = in.Integer();
  parameters.units_min = in.Integer();
  Say({Must(PartitionSelection::Make(parameters)).KeepProbability(in.Integer())});
}

void AnswerLeft(Question& in) {
  PrivacyBudget budget;
  budget.accounting = in.Word() == "zcdp" ? Accounting::kZcdp : Accounting::kSums;
  budget.epsilon = in.Amount<Epsilon>(Rounding::kDown);
  budget.delta = in.Amount<Delta>(Rounding::kDown);
  PrivacyLoss loss;
  loss.epsilon = in.Amount<Epsilon>(Rounding::kUp);
  loss.delta = in.Amount<Delta>(Rounding::kUp);
  loss.rho = in.Amount<Rho>(Rounding::kUp);
  Say({static_cast<double>(QueriesLeft(budget, {}, loss))});
}

LossDistribution ReadMechanism(Question& in) {
  const std::string kind = in.Word();
  const double first = in.Number();
  const double second = in.Number();
  if (kind == "pure") return LossDistribution::OfPure(first, second);
  if (kind == "laplace") return LossDistribution::OfLaplace(first);
  if (kind == "gaussian") return LossDistribution::OfGaussian(first);
  if (kind == "discrete_laplace") return LossDistribution::OfDiscreteLaplace(first, static_cast<int>(second));
  Wrong("no mechanism of this kind");
}

void AnswerOdometer(Question& in) {
  const double delta = in.Number();
  LossDistribution all;
  while (in.HasMore()) {
    const LossDistribution one = ReadMechanism(in);
    all = all.Then(one.Repeated(in.Integer()));
  }
  Say({all.EpsilonFor(delta)});
}

// One stream of bytes for each draw, as in the product: seeds SEED, SEED + 1, ...
void AnswerDraw(Question& in) {
  const AdditiveNoise noise = ReadNoise(in, in.Word());
  const std::int64_t exact = in.Integer();
  const std::int64_t seed = in.Integer();
  const std::int64_t count = in.Integer();
  std::vector<double> draws;
  for (std::int64_t i = 0; i < count; ++i) {
    InsecureRngForTest rng(static_cast<std::uint64_t>(seed + i));
    draws.push_back(static_cast<double>(noise.Release(rng, exact)));
  }
  Say(draws);
}

void AnswerChoose(Question& in) {
  QuantileParameters parameters;
  parameters.epsilon = in.Amount<Epsilon>(Rounding::kDown);
  parameters.rank.numerator = in.Integer();
  parameters.rank.denominator = in.Integer();
  parameters.rows_max = in.Integer();
  const std::int64_t seed = in.Integer();
  const std::int64_t count = in.Integer();
  std::vector<std::int64_t> bins;
  while (in.HasMore()) bins.push_back(in.Integer());
  const QuantileMechanism mechanism = Must(QuantileMechanism::Make(parameters));
  std::vector<double> chosen;
  for (std::int64_t i = 0; i < count; ++i) {
    InsecureRngForTest rng(static_cast<std::uint64_t>(seed + i));
    chosen.push_back(static_cast<double>(mechanism.Release(rng, bins)));
  }
  Say(chosen);
}

struct AnonymityQuestion {
  std::int64_t k = 1;
  AnonymousTable table;
};

AnonymityQuestion ReadAnonymity(Question& in) {
  AnonymityQuestion question{.k = in.Integer()};
  SensitiveColumn sensitive{.distinct_l = in.Integer()};
  sensitive.entropy_l = in.Number();
  sensitive.closeness_t = in.Number();
  sensitive.ordered = in.Word() == "ordered";
  const auto rows = static_cast<std::size_t>(in.Integer());
  std::vector<std::vector<ValueCode>> columns(static_cast<std::size_t>(in.Integer()));
  const auto leaves = static_cast<std::size_t>(in.Integer());
  sensitive.values = static_cast<std::size_t>(in.Integer());
  for (std::size_t row = 0; row < rows; ++row) {
    question.table.units.push_back(static_cast<std::uint32_t>(row));
    for (auto& column : columns) column.push_back(static_cast<ValueCode>(in.Integer()));
    sensitive.rows.push_back(static_cast<ValueCode>(in.Integer()));
  }
  for (auto& column : columns)
    question.table.quasi_identifiers.push_back(BandedColumn(std::move(column), leaves, {2, 4}));
  question.table.sensitive.push_back(std::move(sensitive));
  if (const Status checked = question.table.Check(); !checked) Wrong(checked.error().public_message);
  return question;
}

void AnswerRule(Question& in) {
  const AnonymityQuestion question = ReadAnonymity(in);
  std::map<std::vector<ValueCode>, std::vector<std::uint32_t>> classes;
  for (std::uint32_t row = 0; row < question.table.rows(); ++row) {
    std::vector<ValueCode> values;
    for (const QuasiIdentifier& column : question.table.quasi_identifiers) values.push_back(column.rows[row]);
    classes[values].push_back(row);
  }
  const ClassRule rule(question.table, question.k);
  const bool holds =
      std::all_of(classes.begin(), classes.end(), [&](const auto& one) { return rule.Holds(one.second); });
  Say({holds ? 1.0 : 0.0});
}

void AnswerAnonymise(Question& in) {
  const bool mondrian = in.Word() == "mondrian";
  const AnonymityQuestion question = ReadAnonymity(in);
  const Anonymised made = Must(mondrian ? PartitionMondrian(question.table, question.k, Partitioning::kStrict)
                                        : GeneraliseFullDomain(question.table, question.k, 0.2));
  std::vector<double> numbers(question.table.rows(), -1);
  for (std::size_t i = 0; i < made.classes.size(); ++i) {
    for (const std::uint32_t row : made.classes[i].rows) numbers[row] = static_cast<double>(i);
  }
  Say(numbers);
}

void Answer(const std::string& line) {
  Question in(line);
  const std::string what = in.Word();
  if (what == "rule") return AnswerRule(in);
  if (what == "anonymise") return AnswerAnonymise(in);
  if (what == "selection") return AnswerSelection(in);
  if (what == "left") return AnswerLeft(in);
  if (what == "odometer") return AnswerOdometer(in);
  if (what == "draw") return AnswerDraw(in);
  if (what == "choose") return AnswerChoose(in);
  if (what == "laplace" || what == "gaussian") {
    const AdditiveNoise noise = ReadNoise(in, what);
    return Say({noise.Scale(), noise.StandardDeviation(), static_cast<double>(noise.granularity())});
  }
  if (what == "half_width") {
    const AdditiveNoise noise = ReadNoise(in, in.Word());
    return Say({static_cast<double>(noise.HalfWidth(in.Number()))});
  }
  const double first = in.Number();
  const double second = in.Number();
  const auto delta = Delta::FromNumber(second, Rounding::kDown).value();
  if (what == "zcdp_epsilon")
    return Say({EpsilonOfZcdp(Rho::FromNumber(first, Rounding::kUp).value(), delta).ToNumber()});
  if (what == "zcdp_within")
    return Say({ZcdpWithin(Epsilon::FromNumber(first, Rounding::kDown).value(), delta).ToNumber()});
  if (what == "sigma") return Say({GaussianSigma(first, second)});
  Wrong("no such question: " + what);
}

}  // namespace
}  // namespace cloister::privacy

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    if (line.size() > cloister::privacy::kLineBytesMax) return 2;
    cloister::privacy::Answer(line);
    std::fflush(stdout);
  }
}
