#pragma once

// The stages of a query with noise. Equal stages are one: asked twice in one text, a release is made once, gives one
// answer and costs once. What the query may spend is divided equally over all mechanisms of all stages, choices of
// groups among them ((n + 1) parts for n aggregates with private groups).

#include <map>
#include <string>
#include <vector>

#include "sql/passes/private_query.h"
#include "sql/plan_stage.h"

namespace cloister::sql {

struct NoisyStages {
  std::vector<PlanStage> stages;
  std::map<const Release*, std::string> tables;  // that the last statement reads
};

// Empty for a query without noisy releases.
NoisyStages BuildNoisyStages(const PrivateQuery& query);

// What the stages that read `dataset` cost it.
privacy::PrivacyLoss LossOf(const std::vector<PlanStage>& stages, const std::string& dataset);

// Why some mechanism cannot be made with its share ("so little epsilon that ..."); empty when all can.
std::string NoiseProblem(const std::vector<PlanStage>& stages);

}  // namespace cloister::sql
