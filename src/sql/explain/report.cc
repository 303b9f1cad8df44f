#include "sql/explain/report.h"

#include <cmath>

#include "codec/text.h"
#include "sql/lower/noisy_stages.h"

namespace cloister::sql {
namespace {

using codec::JsonArray;
using codec::JsonObject;

std::string_view RuleOf(std::string_view role) {
  if (role == "GROUP_BY") return "R10";
  if (role == "AGGREGATION") return "R06";
  if (role == "FILTER") return "R09";
  if (role == "JOIN") return "R11";
  return "R27";
}

std::string Listed(const std::set<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string UsedAs(const std::set<LineageEdge>& edges, const CompileDataset* dataset, std::string_view role) {
  std::set<std::string> names;
  for (const LineageEdge& edge : edges) {
    if (edge.dataset == dataset && edge.role == role) names.insert(edge.column);
  }
  return Listed(names);
}

// One sentence for each dataset and use.
JsonArray Words(const PrivateQuery& query, const std::set<LineageEdge>& edges) {
  struct Use {
    std::string_view role, before, after;
  };
  constexpr Use kUses[] = {{"PROJECTION", "shows values of ", ""},
                           {"GROUP_BY", "groups by ", ""},
                           {"AGGREGATION", "counts, sums or averages ", ""},
                           {"FILTER", "chooses rows by ", ""},
                           {"JOIN", "matches persons or places by ", ""}};
  JsonArray words;
  for (const CompileDataset* dataset : query.datasets()) {
    for (const Use& use : kUses) {
      const std::string names = UsedAs(edges, dataset, use.role);
      if (names.empty()) continue;
      words.emplace_back("From " + dataset->name + " of " + dataset->organisation + " it " + std::string(use.before) +
                         names + std::string(use.after) + ".");
    }
  }
  return words;
}

std::string NamesOf(const AnonymousProjection& projection, const std::function<bool(const UnitColumn&)>& which) {
  std::set<std::string> names;
  for (const int column : projection.released) {
    if (which(projection.table->columns[column])) names.insert(projection.table->columns[column].name);
  }
  return Listed(names);
}

std::string NumberText(double number) { return codec::CanonicalJson(codec::Json(number)); }
std::string Percent(double share) { return NumberText(std::round(share * 1e6) / 1e4) + " %"; }

// Of shown columns, and of those that the filter tells something about.
std::vector<std::string> DiversitySentences(const AnonymousProjection& projection) {
  std::set<int> columns = projection.released;
  columns.insert(projection.tested.begin(), projection.tested.end());
  std::vector<std::string> out;
  for (const int index : columns) {
    const UnitColumn& column = projection.table->columns[index];
    const agreement::ColumnPolicy& policy = column.policy;
    const std::string& name = column.name;
    if (const std::int64_t least = policy.DistinctValues(); least > 1)
      out.push_back("Each class has at least " + std::to_string(least) + " different values of " + name +
                    ", shown by as many different persons.");
    if (policy.entropy_l_diversity.value_or(1) > 1)
      out.push_back("In each class the values of " + name + " are at least as mixed as " +
                    NumberText(*policy.entropy_l_diversity) + " equally frequent ones.");
    if (policy.t_closeness.value_or(1) < 1)
      out.push_back("In each class the values of " + name +
                    " are spread as in the whole release, up to a distance of " + NumberText(*policy.t_closeness) +
                    ".");
  }
  return out;
}

JsonArray AnonymousProtections(const AnonymousProjection& projection) {
  JsonArray out;
  const auto say = [&](std::string_view before, const std::string& names, std::string_view after) {
    if (!names.empty()) out.emplace_back(std::string(before) + names + std::string(after));
  };
  const agreement::DatasetPolicy& policy = projection.dataset->policy;
  say("Rows are shown in classes of at least ", std::to_string(policy.min_group_size),
      " different persons who look alike; up to " + Percent(policy.suppression_limit) +
          " of the rows are left out for that.");
  say("To make them alike ", NamesOf(projection, [](const auto& column) { return column.policy.quasi_identifier; }),
      " may be shown more coarsely, or as *.");
  for (const std::string& sentence : DiversitySentences(projection)) out.emplace_back(sentence);
  say("Only bands are shown of ",
      NamesOf(projection,
              [](const auto& column) {
                return !column.policy.quasi_identifier && !column.policy.Is(agreement::Role::kDimension);
              }),
      ".");
  out.emplace_back(
      "Beside the rows stands how much generalising lost, counted over the rows that are shown and no others.");
  out.emplace_back("This is the only release of this version of " + projection.dataset->name +
                   " at this level: later queries may show part of it again, and nothing else.");
  return out;
}

std::string Times(std::int64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

// What noise protects, and what it costs.
JsonArray NoisyProtections(const PrivateQuery& query, const ExecutablePlan& plan,
                           const std::vector<DatasetUse>& datasets) {
  std::set<std::string> lines;
  for (const PlanStage& stage : plan.stages()) {
    const auto* release = std::get_if<NoisyRelease>(&stage.protection);
    if (release == nullptr) continue;
    lines.insert("Every number carries random noise, made for what one person can change: " +
                 Times(release->rows_per_unit, "row", "rows") + " in each of " +
                 Times(release->groups_per_unit, "group", "groups") + "; what a person has beyond is left out.");
    if (!release->keys.empty() && !release->selection)
      lines.insert(
          "Groups are those of the values that their owner lists, all of them, whether anybody is in them or not.");
    const std::int64_t least = release->selection ? release->selection->parameters.units_min : 1;
    if (release->selection)
      lines.insert("Whether a group is shown is decided by chance and by how many persons it has, not by its content" +
                   (least > 1 ? "; one of fewer than " + std::to_string(least) + " persons never is" : "") + ".");
  }
  lines.insert("The same question gets the same noise: asking again tells nothing more and spends nothing more.");
  JsonArray out;
  for (const std::string& line : lines) out.emplace_back(line);
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    const DatasetUse& use = datasets[i];
    if (use.loss.IsZero()) continue;
    std::string words = "It spends epsilon " + codec::CanonicalJson(use.loss.epsilon.ToNumber()) + " and delta " +
                        codec::CanonicalJson(use.loss.delta.ToNumber());
    if (!use.loss.rho.IsZero()) words += " and rho " + codec::CanonicalJson(use.loss.rho.ToNumber());
    out.emplace_back(words + " of the budget of " + query.datasets()[i]->name + ".");
  }
  return out;
}

JsonArray Protections(const PrivateQuery& query) {
  JsonArray out;
  if (query.anonymous()) return AnonymousProtections(*query.anonymous());
  if (query.level() != agreement::Level::kAggregateOnly) {
    out.emplace_back("Nothing is held back: every owner grants full access to these rows.");
    return out;
  }
  std::set<std::string> lines;
  ForEachRelation(query.root(), [&](const Relation& relation) {
    if (relation.kind != Relation::Kind::kRelease) return;
    const Release& release = *relation.release;
    for (const UnitCounter& counter : release.block->counters) {
      if (counter.k <= 1) continue;
      lines.insert("A group is shown only with at least " + std::to_string(counter.k) + " different persons of " +
                   counter.dataset->name + "; persons are counted, not rows.");
    }
    for (const UnitAggregate& aggregate : release.aggregates) {
      if (!aggregate.conditions.empty())
        lines.insert("A conditional aggregate is shown only with enough persons on both sides of its condition.");
      if (aggregate.threshold_factor > 1)
        lines.insert("A quantile needs more persons than a group does, and is rounded to the owner's grid.");
    }
    if (release.counted) lines.insert("A count of different values counts those with enough persons.");
    if (!relation.constants.empty())
      lines.insert("A computed number that rows are compared with is released itself and rounded to the owner's grid.");
    if (!release.outside.empty())
      lines.insert("Two parts of the answer that could be subtracted from each other differ by no one or by enough.");
    if (!release.sets.empty() || release.finest)
      lines.insert("Totals are made of the groups that are shown, so none can be computed by subtraction.");
  });
  for (const std::string& line : lines) out.emplace_back(line);
  return out;
}

}  // namespace

Report Explain(const PrivateQuery& query, const ExecutablePlan& plan) {
  const std::set<LineageEdge> edges = TraceLineage(query);
  Report report;
  JsonArray datasets;
  for (const CompileDataset* dataset : query.datasets()) {
    std::set<std::string> columns;
    for (const LineageEdge& edge : edges) {
      if (edge.dataset == dataset) columns.insert(edge.column);
    }
    report.datasets.push_back(
        {dataset->id, dataset->organisation, {columns.begin(), columns.end()}, dataset->manifest,
         LossOf(plan.stages(), dataset->id)});
    JsonArray names;
    for (const std::string& column : columns) names.emplace_back(column);
    JsonObject entry{{"id", dataset->id},
                     {"name", dataset->name},
                     {"organisation", dataset->organisation},
                     {"k", dataset->policy.min_group_size},
                     {"columns", std::move(names)},
                     {"manifest", codec::HexEncode(dataset->manifest)}};
    if (const privacy::PrivacyLoss& loss = report.datasets.back().loss; !loss.IsZero()) {
      entry["loss"] = JsonObject{
          {"epsilon", loss.epsilon.ToNumber()}, {"delta", loss.delta.ToNumber()}, {"rho", loss.rho.ToNumber()}};
    }
    datasets.push_back(std::move(entry));
  }
  JsonArray lineage;
  for (const LineageEdge& edge : edges) {
    lineage.push_back(JsonObject{{"dataset", edge.dataset->id},
                                 {"column", edge.column},
                                 {"role", edge.role},
                                 {"rule", RuleOf(edge.role)},
                                 {"output", edge.output}});
  }
  JsonArray columns;
  for (const PlanColumn& column : plan.columns())
    columns.push_back(JsonObject{{"name", column.name}, {"type", column.type}});
  const bool noisy = query.level() == agreement::Level::kDifferentialPrivacy;
  JsonObject canonical{{"level", agreement::LevelName(query.level())},
                       {"datasets", std::move(datasets)},
                       {"columns", std::move(columns)},
                       {"lineage", std::move(lineage)},
                       {"words", Words(query, edges)},
                       {"protections", noisy ? NoisyProtections(query, plan, report.datasets) : Protections(query)}};
  if (!plan.noise().empty()) canonical["noise"] = codec::ParseJson(plan.noise()).value();
  report.canonical = codec::CanonicalJson(canonical);
  return report;
}

}  // namespace cloister::sql
