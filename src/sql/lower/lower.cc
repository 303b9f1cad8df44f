#include "sql/lower/lower.h"

#include "codec/json.h"
#include "codec/text.h"
#include "sql/lower/anonymous_stage.h"
#include "sql/lower/guarded_stage.h"
#include "sql/lower/noisy_columns.h"
#include "sql/lower/noisy_stages.h"
#include "sql/lower/sql_printer.h"

namespace cloister::sql {

ExecutablePlan PlanBuilder::Build(const PrivateQuery& query, bool guarded) {
  using codec::JsonArray;
  using codec::JsonObject;
  ExecutablePlan plan;
  NoisyStages noisy = BuildNoisyStages(query);
  if (!noisy.stages.empty()) plan.noise_ = codec::CanonicalJson(DescribeNoise(query, noisy));
  plan.stages_ = std::move(noisy.stages);
  if (guarded) {
    GuardedStages stages = BuildGuardedStages(query);
    noisy.tables.merge(stages.tables);
    for (PlanStage& stage : stages.stages) plan.stages_.push_back(std::move(stage));
  }
  SqlPrinter printer(query, noisy.tables);
  if (query.anonymous()) {
    plan.stages_.push_back(MakeAnonymousStage(query, printer, plan.sql_));
  } else {
    plan.sql_ = printer.Print();
  }
  plan.level_ = query.level();
  plan.rows_max_ = query.level() == agreement::Level::kFullAccess ? kFullAccessRowsMax : kReleasedRowsMax;
  JsonArray columns;
  plan.intervals_ = printer.output_intervals();
  for (const OutputColumn& column : printer.output()) plan.columns_.push_back({column.name, column.type.ToString()});
  if (query.anonymous()) {
    for (std::size_t i = 0; i < query.root()->columns.size(); ++i)
      plan.columns_.push_back({query.root()->columns[i].name, plan.stages_.front().columns[i].type});
  }
  for (const PlanColumn& column : plan.columns_)
    columns.push_back(JsonObject{{"name", column.name}, {"type", column.type}});
  JsonArray datasets;
  for (const CompileDataset* dataset : query.datasets()) {
    plan.datasets_.push_back(dataset->id);
    datasets.push_back(JsonObject{
        {"id", dataset->id}, {"manifest", codec::HexEncode(dataset->manifest)}, {"k", dataset->policy.min_group_size}});
  }
  JsonObject canonical{{"columns", std::move(columns)},
                       {"datasets", std::move(datasets)},
                       {"level", agreement::LevelName(plan.level_)},
                       {"rows_max", plan.rows_max_},
                       {"sql", plan.sql_}};
  if (!plan.stages_.empty()) {
    JsonArray stages;
    for (const PlanStage& stage : plan.stages_) stages.push_back(EncodeStage(stage));
    canonical["stages"] = std::move(stages);
  }
  plan.canonical_ = codec::CanonicalJson(canonical);
  return plan;
}

}  // namespace cloister::sql
