#include "contribution_check.h"

#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "value_text.h"

namespace cloister::attacks {
namespace {

using engine::Value;
using sql::NoiseMechanism;
using sql::NoisyRelease;

struct Group {
  std::map<std::size_t, Value> values;  // by column
};
using Groups = std::map<std::string, Group>;

Groups GroupsOf(const ExactTable& table, const NoisyRelease& release) {
  Groups groups;
  for (const auto& row : table.rows) {
    std::string key;
    for (const int column : release.keys) key += ValueText(row[static_cast<std::size_t>(column)]) + "|";
    for (std::size_t i = 0; i < row.size(); ++i) groups[key].values[i] = row[i];
  }
  return groups;
}

double WholeNumber(const Groups& groups, const std::string& key, int column) {
  const auto group = groups.find(key);
  if (group == groups.end()) return 0;
  return NumberOf(group->second.values.at(static_cast<std::size_t>(column))).value_or(0);
}

// "{3=10, 7=1}"
std::map<std::int64_t, double> Bins(const Groups& groups, const std::string& key, int column) {
  std::map<std::int64_t, double> bins;
  const auto group = groups.find(key);
  if (group == groups.end()) return bins;
  const auto* text = std::get_if<std::string>(&group->second.values.at(static_cast<std::size_t>(column)));
  if (text == nullptr) return bins;
  static const std::regex kBin(R"((\d+)=(\d+))");
  for (auto it = std::sregex_iterator(text->begin(), text->end(), kBin); it != std::sregex_iterator(); ++it)
    bins[std::stoll((*it)[1])] = std::stod((*it)[2]);
  return bins;
}

double Change(const Groups& with, const Groups& without, const std::string& key, const NoiseMechanism& mechanism) {
  if (mechanism.kind != NoiseMechanism::Kind::kQuantile)
    return std::fabs(WholeNumber(with, key, mechanism.column) - WholeNumber(without, key, mechanism.column));
  auto bins = Bins(with, key, mechanism.column);
  for (const auto& [bin, count] : Bins(without, key, mechanism.column)) bins[bin] -= count;
  double rows = 0;
  for (const auto& [bin, difference] : bins) rows += std::fabs(difference);
  return rows;
}

std::set<std::string> KeysOf(const Groups& a, const Groups& b) {
  std::set<std::string> keys;
  for (const Groups* groups : {&a, &b}) {
    for (const auto& [key, group] : *groups) keys.insert(key);
  }
  return keys;
}

// One unit more or less, in one stage: no group changes by more, and no more groups change, than the noise is made for.
std::string StageIsBounded(const NoisyRelease& release, const Groups& with, const Groups& without) {
  const std::set<std::string> keys = KeysOf(with, without);
  for (const NoiseMechanism& mechanism : release.mechanisms) {
    std::int64_t changed = 0;
    for (const std::string& key : keys) {
      const double change = Change(with, without, key, mechanism);
      changed += change > 0 ? 1 : 0;
      if (change > static_cast<double>(mechanism.per_group_max))
        return mechanism.id + ": one person changes a group by " + std::to_string(change) + " steps, the noise hides " +
               std::to_string(mechanism.per_group_max);
    }
    if (changed > mechanism.groups_max)
      return mechanism.id + ": one person changes " + std::to_string(changed) + " groups";
  }
  if (!release.selection) return "";
  std::int64_t changed = 0;
  for (const std::string& key : keys) {
    const int column = release.selection->column;
    const double change = std::fabs(WholeNumber(with, key, column) - WholeNumber(without, key, column));
    if (change > 1) return "one person counts as " + std::to_string(change) + " persons of a group";
    changed += change > 0 ? 1 : 0;
  }
  return changed > release.selection->parameters.groups_max ? "one person is in too many groups" : "";
}

constexpr std::int64_t kPerson = 4242;  // in patients, visits, claims and cohort

// Gives one person `rows` of other people's rows, with values far beyond the owner's bounds: `side` 1 above, -1
// below.
Status Flood(const sql::CompileDataset& dataset, int side, int rows, Lab& lab) {
  std::string replaced = std::to_string(kPerson) + " AS " + *dataset.policy.privacy_unit;
  for (const auto& column : dataset.schema.columns) {
    const auto& bounds = dataset.policy.Column(column.name).bounds;
    if (!bounds || !column.type.IsNumeric()) continue;
    replaced += ", " + std::to_string(side * static_cast<std::int64_t>(bounds->max * 1000 + 1)) + " AS " + column.name;
  }
  const std::string name = "\"" + dataset.id + "\"";
  return lab.Change("INSERT INTO " + name + " SELECT * REPLACE (" + replaced + ") FROM (SELECT * FROM " + name +
                    " LIMIT " + std::to_string(rows) + ")");
}

struct Neighbours {
  std::vector<ExactTable> with;
  std::vector<ExactTable> without;
};

Result<Neighbours> NeighboursOf(const Case& one, const std::set<std::string>& read, int side, Lab& lab) {
  const int rows = read.size() > 2 ? 200 : 3000;  // a join of that person's rows has the product of them
  for (const std::string& id : read) CLOISTER_TRY(Flood(*FindDataset(lab.corpus(), id), side, rows, lab));
  Neighbours out;
  CLOISTER_ASSIGN(out.with, lab.Exact(one.sql, one.level));
  for (const std::string& id : read) {
    const std::string unit = *FindDataset(lab.corpus(), id)->policy.privacy_unit;
    CLOISTER_TRY(lab.Change("DELETE FROM \"" + id + "\" WHERE " + unit + " = " + std::to_string(kPerson)));
  }
  CLOISTER_ASSIGN(out.without, lab.Exact(one.sql, one.level));
  return out;
}

}  // namespace

std::string ContributionBounded(const Case& one, const Outcome& outcome, Lab& lab) {
  if (outcome.stages.empty()) return "nothing is made noisy";
  std::set<std::string> read;
  for (const sql::PlanStage& stage : outcome.stages) read.insert(stage.datasets.begin(), stage.datasets.end());
  for (const int side : {1, -1}) {
    const auto neighbours = NeighboursOf(one, read, side, lab);
    if (const Status done = lab.Rebuild(); !done) return done.error().public_message;
    if (!neighbours) return neighbours.error().public_message + ": " + neighbours.error().detail;
    for (std::size_t i = 0; i < outcome.stages.size(); ++i) {
      const auto* release = std::get_if<NoisyRelease>(&outcome.stages[i].protection);
      if (release == nullptr) continue;
      const std::string problem = StageIsBounded(*release, GroupsOf(neighbours->with[i], *release),
                                                 GroupsOf(neighbours->without[i], *release));
      if (!problem.empty()) return problem;
    }
  }
  return "";
}

}  // namespace cloister::attacks
