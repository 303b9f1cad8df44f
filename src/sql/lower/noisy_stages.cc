#include "sql/lower/noisy_stages.h"

#include <algorithm>
#include <functional>
#include <set>

#include "privacy/additive_noise.h"
#include "privacy/zcdp.h"
#include "sql/lower/sql_printer.h"

namespace cloister::sql {
namespace {

NoisyRelease& ReleaseOf(PlanStage& stage) { return std::get<NoisyRelease>(stage.protection); }

// Protected datasets anywhere below a block.
void CollectDatasets(const UnitBlock& block, std::set<std::string>& out) {
  const std::function<void(const UnitTable&)> table = [&](const UnitTable& leaf) {
    if (leaf.dataset != nullptr && !leaf.dataset->policy.IsPublic()) out.insert(leaf.dataset->id);
    for (const auto& inner : leaf.blocks) CollectDatasets(*inner, out);
  };
  for (const UnitTablePtr& leaf : block.tables) table(*leaf);
  for (const UnitOuterJoin& join : block.outer_joins) table(*join.table);
  for (const UnitSemiJoin& join : block.semi_joins) CollectDatasets(*join.block, out);
}

std::vector<PlanStage> StagesOf(const PrivateQuery& query, const Release& release) {
  std::vector<std::vector<int>> sets = release.sets;
  if (sets.empty()) {
    sets.emplace_back();
    for (std::size_t i = 0; i < release.keys.size(); ++i) sets[0].push_back(static_cast<int>(i));
  }
  std::set<std::string> datasets;
  CollectDatasets(*release.block, datasets);
  std::vector<PlanStage> stages;
  for (std::vector<int>& set : sets) {
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    stages.push_back(SqlPrinter(query).NoisyStage(release, set));
    stages.back().part = static_cast<int>(stages.size() - 1);
    stages.back().datasets = {datasets.begin(), datasets.end()};
  }
  return stages;
}

std::string FormOf(const std::vector<PlanStage>& stages) {
  codec::JsonArray forms;
  for (const PlanStage& stage : stages) forms.push_back(EncodeStage(stage));
  return codec::CanonicalJson(forms);
}

struct Parts {
  std::int64_t all = 0;
  std::int64_t gaussian = 0;
  std::int64_t selections = 0;
};

Parts Count(std::vector<PlanStage>& stages) {
  Parts parts;
  for (PlanStage& stage : stages) {
    const NoisyRelease& release = ReleaseOf(stage);
    parts.all += static_cast<std::int64_t>(release.mechanisms.size()) + (release.selection ? 1 : 0);
    parts.selections += release.selection ? 1 : 0;
    parts.gaussian += std::count_if(release.mechanisms.begin(), release.mechanisms.end(), [](const auto& mechanism) {
      return mechanism.kind == NoiseMechanism::Kind::kGaussian;
    });
  }
  return parts;
}

// Gaussian mechanisms together have the rho that their parts of epsilon are worth at the query's delta.
void Divide(const QueryLoss& loss, std::vector<PlanStage>& stages) {
  const Parts parts = Count(stages);
  if (parts.all == 0) return;
  const privacy::Epsilon share = loss.epsilon.Share(parts.all);
  const std::int64_t deltas = std::max<std::int64_t>(1, parts.selections + (parts.gaussian == 0 ? 0 : 1));
  privacy::Rho rho;
  if (parts.gaussian > 0)
    rho = privacy::ZcdpWithin(share.Times(parts.gaussian), loss.delta.Share(deltas)).Share(parts.gaussian);
  for (PlanStage& stage : stages) {
    NoisyRelease& release = ReleaseOf(stage);
    for (NoiseMechanism& mechanism : release.mechanisms) {
      if (mechanism.kind == NoiseMechanism::Kind::kGaussian)
        mechanism.rho = rho;
      else
        mechanism.epsilon = share;
    }
    if (!release.selection) continue;
    release.selection->parameters.epsilon = share;
    release.selection->parameters.delta = loss.delta.Share(deltas);
  }
}

std::string ProblemOf(const NoiseMechanism& mechanism) {
  if (mechanism.kind == NoiseMechanism::Kind::kQuantile) {
    const auto made = privacy::QuantileMechanism::Make({.epsilon = mechanism.epsilon,
                                                        .rank = mechanism.rank,
                                                        .rows_max = mechanism.per_group_max,
                                                        .groups_max = mechanism.groups_max});
    return made ? "" : made.error().public_message;
  }
  const privacy::Contribution most{.per_group_max = mechanism.per_group_max, .groups_max = mechanism.groups_max};
  const auto made = mechanism.kind == NoiseMechanism::Kind::kLaplace
                        ? privacy::AdditiveNoise::Laplace(most, mechanism.epsilon)
                        : privacy::AdditiveNoise::Gaussian(most, mechanism.rho);
  return made ? "" : made.error().public_message;
}

}  // namespace

NoisyStages BuildNoisyStages(const PrivateQuery& query) {
  NoisyStages out;
  std::map<std::string, std::string> known;  // form -> table
  ForEachRelation(query.root(), [&](const Relation& relation) {
    if (relation.kind != Relation::Kind::kRelease || !relation.release->limits) return;
    std::vector<PlanStage> stages = StagesOf(query, *relation.release);
    const auto [entry, fresh] = known.emplace(FormOf(stages), "released_" + std::to_string(known.size()));
    out.tables[relation.release.get()] = entry->second;
    if (!fresh) return;
    for (PlanStage& stage : stages) {
      stage.table = entry->second;
      out.stages.push_back(std::move(stage));
    }
  });
  Divide(query.loss(), out.stages);
  return out;
}

privacy::PrivacyLoss LossOf(const std::vector<PlanStage>& stages, const std::string& dataset) {
  privacy::PrivacyLoss loss;
  for (const PlanStage& stage : stages) {
    if (std::find(stage.datasets.begin(), stage.datasets.end(), dataset) == stage.datasets.end()) continue;
    const auto* release = std::get_if<NoisyRelease>(&stage.protection);
    if (release == nullptr) continue;
    for (const NoiseMechanism& mechanism : release->mechanisms) {
      loss.epsilon += mechanism.epsilon;
      loss.rho += mechanism.rho;
    }
    if (!release->selection) continue;
    loss.epsilon += release->selection->parameters.epsilon;
    loss.delta += release->selection->parameters.delta;
  }
  return loss;
}

std::string NoiseProblem(const std::vector<PlanStage>& stages) {
  for (const PlanStage& stage : stages) {
    const auto* release = std::get_if<NoisyRelease>(&stage.protection);
    if (release == nullptr) continue;
    for (const NoiseMechanism& mechanism : release->mechanisms) {
      if (std::string problem = ProblemOf(mechanism); !problem.empty()) return problem;
    }
    if (!release->selection) continue;
    if (const auto made = privacy::PartitionSelection::Make(release->selection->parameters); !made)
      return made.error().public_message;
  }
  return "";
}

}  // namespace cloister::sql
