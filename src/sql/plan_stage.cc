#include "sql/plan_stage.h"

#include "base/check.h"

namespace cloister::sql {

std::string_view NameOf(ReleasedColumn::Kind kind) {
  switch (kind) {
    case ReleasedColumn::Kind::kKey:
      return "key";
    case ReleasedColumn::Kind::kConstant:
      return "constant";
    case ReleasedColumn::Kind::kCount:
      return "count";
    case ReleasedColumn::Kind::kSum:
      return "sum";
    case ReleasedColumn::Kind::kMean:
      return "mean";
    case ReleasedColumn::Kind::kVariance:
      return "variance";
    case ReleasedColumn::Kind::kStddev:
      return "stddev";
    case ReleasedColumn::Kind::kQuantile:
      return "quantile";
    case ReleasedColumn::Kind::kLow:
      return "low";
    case ReleasedColumn::Kind::kHigh:
      return "high";
  }
  CLOISTER_CHECK(false);
}

namespace {

using codec::JsonArray;
using codec::JsonObject;

std::string_view NameOf(NoiseMechanism::Kind kind) {
  switch (kind) {
    case NoiseMechanism::Kind::kLaplace:
      return "discrete_laplace";
    case NoiseMechanism::Kind::kGaussian:
      return "discrete_gaussian";
    case NoiseMechanism::Kind::kQuantile:
      return "quantile";
  }
  CLOISTER_CHECK(false);
}

JsonArray Columns(const std::vector<PlanColumn>& columns) {
  JsonArray out;
  for (const PlanColumn& column : columns) out.push_back(JsonObject{{"name", column.name}, {"type", column.type}});
  return out;
}

template <typename Number>
JsonArray Numbers(const std::vector<Number>& numbers) {
  JsonArray out;
  for (const Number& number : numbers) out.emplace_back(number);
  return out;
}

// Amounts are written as their integers: an exact number in every reader.
JsonObject Encode(const NoiseMechanism& mechanism) {
  JsonObject out{{"mechanism", NameOf(mechanism.kind)},
                 {"id", mechanism.id},
                 {"column", mechanism.column},
                 {"per_group_max", std::to_string(mechanism.per_group_max)},
                 {"groups_max", mechanism.groups_max},
                 {"epsilon_nano", std::to_string(mechanism.epsilon.units())},
                 {"rho_pico", std::to_string(mechanism.rho.units())},
                 {"step", mechanism.step}};
  if (mechanism.kind == NoiseMechanism::Kind::kQuantile) {
    out["low"] = mechanism.low;
    out["bins"] = mechanism.bins;
    out["rank"] = JsonArray{mechanism.rank.numerator, mechanism.rank.denominator};
  }
  return out;
}

JsonObject Encode(const GroupSelection& selection) {
  return {{"column", selection.column},
          {"groups_max", selection.parameters.groups_max},
          {"units_min", selection.parameters.units_min},
          {"epsilon_nano", std::to_string(selection.parameters.epsilon.units())},
          {"delta_atto", std::to_string(selection.parameters.delta.units())}};
}

JsonObject Encode(const ReleasedColumn& column) {
  JsonObject out{{"kind", NameOf(column.kind)}, {"mechanisms", Numbers(column.mechanisms)}};
  if (column.source >= 0) out["source"] = column.source;
  if (column.constant) out["constant"] = *column.constant;
  if (column.kind == ReleasedColumn::Kind::kMean || column.kind == ReleasedColumn::Kind::kVariance ||
      column.kind == ReleasedColumn::Kind::kStddev) {
    out["bounds"] = JsonArray{column.low, column.high};
    out["offset"] = column.offset;
    out["sample"] = column.sample;
  }
  return out;
}

JsonObject Encode(const NoisyRelease& release) {
  JsonArray mechanisms;
  for (const NoiseMechanism& mechanism : release.mechanisms) mechanisms.push_back(Encode(mechanism));
  JsonArray columns;
  for (const ReleasedColumn& column : release.columns) columns.push_back(Encode(column));
  JsonObject out{{"kind", "noisy"},
                 {"version", kNoiseVersion},
                 {"mechanisms", std::move(mechanisms)},
                 {"keys", Numbers(release.keys)},
                 {"columns", std::move(columns)},
                 {"rows_per_unit", release.rows_per_unit},
                 {"groups_per_unit", release.groups_per_unit}};
  if (release.selection) out["selection"] = Encode(*release.selection);
  return out;
}

std::string_view NameOf(GeneralisationLevel::Kind kind) {
  switch (kind) {
    case GeneralisationLevel::Kind::kValue:
      return "value";
    case GeneralisationLevel::Kind::kPrefix:
      return "prefix";
    case GeneralisationLevel::Kind::kBand:
      return "band";
    case GeneralisationLevel::Kind::kAll:
      return "all";
  }
  CLOISTER_CHECK(false);
}

std::string_view NameOf(AnonymousColumn::Kind kind) {
  switch (kind) {
    case AnonymousColumn::Kind::kQuasiIdentifier:
      return "quasi_identifier";
    case AnonymousColumn::Kind::kBanded:
      return "banded";
    case AnonymousColumn::Kind::kPlain:
      return "plain";
    case AnonymousColumn::Kind::kTested:
      return "tested";
  }
  CLOISTER_CHECK(false);
}

JsonObject Encode(const AnonymousColumn& column) {
  JsonArray levels;
  for (const GeneralisationLevel& level : column.levels)
    levels.push_back(JsonObject{{"kind", NameOf(level.kind)}, {"prefix", level.prefix}, {"width", level.width}});
  JsonObject out{{"kind", NameOf(column.kind)},  {"source", column.source},
                 {"levels", std::move(levels)},  {"span", column.span},
                 {"band", column.band},          {"distinct_l", column.distinct_l}};
  if (column.entropy_l > 1) out["entropy_l"] = column.entropy_l;
  if (column.closeness_t < 1) {
    out["closeness_t"] = column.closeness_t;
    out["ordered"] = column.ordered;
  }
  return out;
}

JsonObject Encode(const AnonymousRelease& release) {
  JsonArray columns;
  for (const AnonymousColumn& column : release.columns) columns.push_back(Encode(column));
  JsonArray pinned;
  for (const std::string& name : release.pin.columns) pinned.emplace_back(name);
  return {{"kind", "anonymous"},
          {"version", kAnonymityVersion},
          {"unit", release.unit},
          {"k", release.k},
          {"suppression_max", release.suppression_max},
          {"columns", std::move(columns)},
          {"shown", Numbers(release.shown)},
          {"pinned_columns", std::move(pinned)},
          {"pinned_filter", release.pin.filter}};
}

JsonObject Encode(const GuardedRelease& release) {
  JsonArray cells;
  for (const GuardedRelease::Cell& cell : release.cells) {
    JsonArray sets;
    for (const GuardedRelease::Set& set : cell.sets)
      sets.push_back(JsonObject{{"column", set.column},
                                {"dataset", set.dataset},
                                {"unit", set.unit},
                                {"k", set.k},
                                {"sums", Numbers(set.sums)}});
    cells.push_back(JsonObject{
        {"measures", Numbers(cell.measures)}, {"columns", Numbers(cell.columns)}, {"sets", std::move(sets)}});
  }
  return {{"kind", "guarded"},
          {"version", kGuardVersion},
          {"cells", std::move(cells)},
          {"grouping", release.grouping}};
}

}  // namespace

void AddIntervalColumns(NoisyRelease& release, PlanStage& stage) {
  const std::size_t columns = release.columns.size();
  for (std::size_t i = 0; i < columns; ++i) {
    if (!HasInterval(release.columns[i].kind)) continue;
    const int source = static_cast<int>(i);
    release.columns.push_back({.kind = ReleasedColumn::Kind::kLow, .source = source});
    stage.columns.push_back({"l" + std::to_string(i), "DOUBLE"});
    release.columns.push_back({.kind = ReleasedColumn::Kind::kHigh, .source = source});
    stage.columns.push_back({"h" + std::to_string(i), "DOUBLE"});
  }
}

codec::Json EncodeStage(const PlanStage& stage) {
  return JsonObject{{"table", stage.table},
                    {"sql", stage.sql},
                    {"part", stage.part},
                    {"exact", Columns(stage.exact)},
                    {"columns", Columns(stage.columns)},
                    {"datasets", Numbers(stage.datasets)},
                    {"protection", std::visit([](const auto& release) { return Encode(release); }, stage.protection)}};
}

}  // namespace cloister::sql
