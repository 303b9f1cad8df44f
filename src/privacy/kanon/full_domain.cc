#include "privacy/kanon/full_domain.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "privacy/kanon/class_rule.h"
#include "privacy/kanon/loss.h"

namespace cloister::privacy {
namespace {

using Node = std::vector<std::size_t>;  // a level a quasi-identifier
using Values = std::vector<ValueCode>;

struct RankedNode {
  double bound = 0;
  Node node;
  bool operator<(const RankedNode& other) const {
    return bound != other.bound ? bound < other.bound : node < other.node;
  }
};

class Lattice {
 public:
  Lattice(const AnonymousTable& table, std::int64_t k) : table_(table), rule_(table, k) {
    std::map<Values, std::vector<std::uint32_t>> combinations;
    for (std::uint32_t row = 0; row < table.rows(); ++row) {
      Values values;
      for (const QuasiIdentifier& column : table.quasi_identifiers) values.push_back(column.rows[row]);
      combinations[std::move(values)].push_back(row);
    }
    combinations_.assign(combinations.begin(), combinations.end());
  }

  // All nodes by what they lose at least.
  std::vector<RankedNode> Nodes() const {
    std::vector<std::vector<double>> means;
    for (const QuasiIdentifier& column : table_.quasi_identifiers) means.push_back(MeanLosses(column));
    std::vector<RankedNode> nodes{{.bound = 0, .node = {}}};
    for (const auto& of_column : means) {
      std::vector<RankedNode> longer;
      for (const RankedNode& shorter : nodes) {
        for (std::size_t level = 0; level < of_column.size(); ++level) {
          longer.push_back(shorter);
          longer.back().node.push_back(level);
          longer.back().bound += of_column[level] / static_cast<double>(means.size());
        }
      }
      nodes = std::move(longer);
    }
    std::sort(nodes.begin(), nodes.end());
    return nodes;
  }

  std::vector<EquivalenceClass> ClassesAt(const Node& node) const {
    std::map<Values, std::vector<std::uint32_t>> groups;
    for (const auto& [leaves, rows] : combinations_) {
      Values values;
      for (std::size_t i = 0; i < node.size(); ++i)
        values.push_back(table_.quasi_identifiers[i].to[node[i]][leaves[i]]);
      auto& group = groups[std::move(values)];
      group.insert(group.end(), rows.begin(), rows.end());
    }
    std::vector<EquivalenceClass> classes;
    for (auto& [values, rows] : groups) {
      std::sort(rows.begin(), rows.end());
      if (rule_.Holds(rows)) classes.push_back({.rows = std::move(rows), .levels = node});
    }
    std::sort(classes.begin(), classes.end(),
              [](const EquivalenceClass& a, const EquivalenceClass& b) { return a.rows.front() < b.rows.front(); });
    return classes;
  }

 private:
  std::vector<double> MeanLosses(const QuasiIdentifier& column) const {
    std::vector<std::uint64_t> counts(column.leaves());
    for (const ValueCode code : column.rows) ++counts[code];
    std::vector<double> means;
    for (std::size_t level = 0; level < column.levels(); ++level) {
      double sum = 0;
      for (std::size_t leaf = 0; leaf < counts.size(); ++leaf)
        sum += static_cast<double>(counts[leaf]) * column.loss[level][column.to[level][leaf]];
      means.push_back(table_.rows() == 0 ? 0 : sum / static_cast<double>(table_.rows()));
    }
    return means;
  }

  const AnonymousTable& table_;
  ClassRule rule_;
  std::vector<std::pair<Values, std::vector<std::uint32_t>>> combinations_;
};

std::size_t RowsIn(const std::vector<EquivalenceClass>& classes) {
  return std::accumulate(classes.begin(), classes.end(), std::size_t{0},
                         [](std::size_t sum, const EquivalenceClass& one) { return sum + one.rows.size(); });
}

}  // namespace

Result<Anonymised> GeneraliseFullDomain(const AnonymousTable& table, std::int64_t k, double suppression_max) {
  CLOISTER_TRY(table.Check());
  if (k < 1 || !(suppression_max >= 0 && suppression_max <= 1))
    return InvalidArgument("k is at least 1, and the share that may be suppressed between 0 and 1");
  std::size_t count = 1;
  for (const QuasiIdentifier& column : table.quasi_identifiers) {
    count *= column.levels();
    if (count > kLatticeNodesMax)
      return ResourceExhausted("the columns have more combinations of levels than are tried; release fewer columns");
  }
  const Lattice lattice(table, k);
  constexpr double kRounding = 1e-9;  // sums of losses are compared with bounds computed another way
  std::optional<Anonymised> best;
  for (const RankedNode& one : lattice.Nodes()) {
    if (best && one.bound > best->loss + kRounding) break;
    Anonymised found{.classes = lattice.ClassesAt(one.node)};
    const auto suppressed = static_cast<double>(table.rows() - RowsIn(found.classes));
    if (suppressed > suppression_max * static_cast<double>(table.rows()) + kRounding) continue;
    found.loss = NormalisedCertaintyPenalty(table, found.classes);
    if (!best || found.loss + kRounding < best->loss) best = std::move(found);
  }
  return best ? *std::move(best) : Anonymised{};
}

}  // namespace cloister::privacy
