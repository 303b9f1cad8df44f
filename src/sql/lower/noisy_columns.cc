#include "sql/lower/noisy_columns.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "privacy/additive_noise.h"

namespace cloister::sql {
namespace {

using codec::JsonArray;
using codec::JsonObject;

constexpr double kConfidence = 0.95;

// Which column of which release an output column is, unchanged.
struct Origin {
  const Release* release = nullptr;
  int column = -1;
};

Origin OriginOf(const Relation& relation, int column) {
  if (relation.kind == Relation::Kind::kRelease) return {relation.release.get(), column};
  if (relation.kind != Relation::Kind::kSelect) return {};
  const ExprPtr& item = relation.items[static_cast<std::size_t>(column)];
  if (!IsColumn(item)) return {};
  Origin origin;
  ForEachSource(relation.from, [&](const Source& source) {
    if (source.id == item->source) origin = OriginOf(*source.relation, item->column);
  });
  return origin;
}

// A number beyond what JSON readers hold exactly is written as a text, like such values in answers.
codec::Json Number(double value) {
  constexpr double kExactMax = 9007199254740992;
  if (std::fabs(value) <= kExactMax) return value;
  return codec::Json(codec::CanonicalJson(codec::Json(value)));
}

JsonObject DescribeMechanism(const NoiseMechanism& mechanism) {
  if (mechanism.kind == NoiseMechanism::Kind::kQuantile) {
    return {{"mechanism", privacy::QuantileMechanism::kName},
            {"epsilon", mechanism.epsilon.ToNumber()},
            {"step", Number(mechanism.step)}};
  }
  const privacy::Contribution most{.per_group_max = mechanism.per_group_max, .groups_max = mechanism.groups_max};
  const bool gaussian = mechanism.kind == NoiseMechanism::Kind::kGaussian;
  const auto noise = gaussian ? privacy::AdditiveNoise::Gaussian(most, mechanism.rho)
                              : privacy::AdditiveNoise::Laplace(most, mechanism.epsilon);
  if (!noise) return {};  // refused elsewhere
  JsonObject out{{"mechanism", noise->name()},
                 {"scale", Number(noise->Scale() * mechanism.step)},
                 {"half_width_95", Number(static_cast<double>(noise->HalfWidth(kConfidence)) * mechanism.step)}};
  if (gaussian)
    out["rho"] = mechanism.rho.ToNumber();
  else
    out["epsilon"] = mechanism.epsilon.ToNumber();
  return out;
}

const PlanStage* StageOf(const NoisyStages& stages, const Release* release) {
  const auto table = stages.tables.find(release);
  if (table == stages.tables.end()) return nullptr;
  const auto stage = std::find_if(stages.stages.begin(), stages.stages.end(),
                                  [&](const PlanStage& one) { return one.table == table->second; });
  return stage == stages.stages.end() ? nullptr : &*stage;
}

}  // namespace

codec::JsonObject DescribeNoise(const PrivateQuery& query, const NoisyStages& stages) {
  JsonArray columns;
  const Relation& root = *query.root();
  for (std::size_t i = 0; i < root.columns.size(); ++i) {
    const Origin origin = OriginOf(root, static_cast<int>(i));
    const PlanStage* stage = StageOf(stages, origin.release);
    if (stage == nullptr) continue;
    const auto& release = std::get<NoisyRelease>(stage->protection);
    const ReleasedColumn& column = release.columns[static_cast<std::size_t>(origin.column)];
    if (column.kind == ReleasedColumn::Kind::kKey || column.kind == ReleasedColumn::Kind::kConstant) continue;
    JsonArray parts;
    for (const int index : column.mechanisms)
      parts.push_back(DescribeMechanism(release.mechanisms[static_cast<std::size_t>(index)]));
    columns.push_back(
        JsonObject{{"name", root.columns[i].name}, {"kind", NameOf(column.kind)}, {"parts", std::move(parts)}});
  }
  JsonArray groups;
  std::set<std::string> told;
  for (const PlanStage& stage : stages.stages) {
    const auto* release = std::get_if<NoisyRelease>(&stage.protection);
    if (release == nullptr || !release->selection) continue;
    const auto selection = privacy::PartitionSelection::Make(release->selection->parameters);
    if (!selection) continue;  // refused elsewhere
    JsonObject group{{"epsilon", release->selection->parameters.epsilon.ToNumber()},
                     {"delta", release->selection->parameters.delta.ToNumber()},
                     {"likely_from", selection->LikelyFrom()},
                     {"certain_from", selection->CertainFrom()}};
    if (told.insert(codec::CanonicalJson(group)).second) groups.push_back(std::move(group));
  }
  return {{"columns", std::move(columns)}, {"groups", std::move(groups)}};
}

}  // namespace cloister::sql
