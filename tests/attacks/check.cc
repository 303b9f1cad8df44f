#include "check.h"

#include "anonymity_check.h"

#include <cmath>
#include <optional>
#include <regex>

#include "noise_check.h"
#include "value_text.h"

namespace cloister::attacks {
namespace {

using engine::Value;

std::string Absent(const codec::JsonObject& body, const Answer& answer) {
  const auto column = ColumnIndex(answer, body.at("column").as_string());
  if (!column) return "the answer has no such column";
  for (const auto& row : answer.rows) {
    if (Matches(row[*column], body.at("value"))) return "the value is in the answer";
  }
  return "";
}

std::string NoValue(const codec::JsonObject& body, const Answer& answer) {
  for (const auto& row : answer.rows) {
    for (const Value& value : row) {
      if (Matches(value, body.at("value"))) return "the value is in the answer";
    }
  }
  return "";
}

// What the whole table has of each numeric column, against what the answer's own rows add up to: a total row beyond the
// sum of its parts would give the missing cell by subtraction.
std::string NotDerivable(const codec::JsonObject& body, const Answer& answer) {
  const auto& cell = body.at("cell").as_object();
  for (const auto& member : cell) {
    const auto column = ColumnIndex(answer, std::string_view(member.key().data(), member.key().size()));
    if (!column) continue;
    std::vector<double> parts(answer.columns.size(), 0);
    for (const auto& row : answer.rows) {
      if (Matches(row[*column], member.value())) return "the cell is in the answer";
      if (engine::IsNull(row[*column])) continue;
      for (std::size_t i = 0; i < row.size(); ++i) parts[i] += NumberOf(row[i]).value_or(0);
    }
    for (const auto& row : answer.rows) {
      if (!engine::IsNull(row[*column])) continue;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const auto total = NumberOf(row[i]);
        const bool additive = answer.columns[i] != "share";
        if (total && additive && std::fabs(*total - parts[i]) > 1e-6 * std::max(1.0, std::fabs(*total)))
          return "a total is more than its parts";
      }
    }
    // Shares of a total that holds suppressed parts do not add up to 1.
    if (const auto share = ColumnIndex(answer, "share");
        share && !answer.rows.empty() && std::fabs(parts[*share] - 1) > 1e-9)
      return "shares do not add up to 1";
  }
  return "";
}

// Selected people: those of the case's own WHERE. Deleted, and k - 1 of them, must give the same bytes.
std::string SameAsSuppressed(const Case& one, const Outcome& outcome, Lab& lab) {
  std::smatch match;
  static const std::regex kShape(R"(FROM\s+(\w+)\s+WHERE\s+(.*)$)", std::regex::icase);
  if (!std::regex_search(one.sql, match, kShape)) return "the runner cannot find the selected people";
  const std::string table = match[1];
  const std::string where = match[2];
  const sql::CompileDataset* dataset = nullptr;
  for (const auto& known : lab.corpus().datasets) {
    if (known.name == table) dataset = &known;
  }
  if (dataset == nullptr || !dataset->policy.privacy_unit) return "the runner cannot find the dataset";
  const std::string unit = *dataset->policy.privacy_unit;
  const std::string name = "\"" + dataset->id + "\"";
  std::string set;
  static const std::regex kEquality(R"((\w+)\s*=\s*('[^']*'|[0-9.]+))");
  for (auto it = std::sregex_iterator(where.begin(), where.end(), kEquality); it != std::sregex_iterator(); ++it) {
    set += (set.empty() ? "" : ", ") + (*it)[1].str() + " = " + (*it)[2].str();
  }
  if (const Status done = lab.Change("DELETE FROM " + name + " WHERE " + where); !done)
    return done.error().public_message;
  const bool none = lab.Run(one.sql, one.level).answer == outcome.answer;
  const std::string few = std::to_string(dataset->policy.min_group_size - 1);
  const Status changed =
      set.empty() ? Status(Internal("no equality to set"))
                  : lab.Change("UPDATE " + name + " SET " + set + " WHERE " + unit + " IN (SELECT DISTINCT " + unit +
                               " FROM " + name + " ORDER BY 1 DESC LIMIT " + few + ")");
  const bool nine = changed && lab.Run(one.sql, one.level).answer == outcome.answer;
  if (const Status done = lab.Rebuild(); !done) return done.error().public_message;
  if (!none) return "differs when the selected people are deleted";
  return nine ? "" : "differs with k - 1 selected people";
}

// Rows of the analyst's own, who match nobody, change nothing.
std::string UnitsCountedFrom(const Case& one, const Outcome& outcome, Lab& lab) {
  for (const auto& dataset : lab.corpus().datasets) {
    if (dataset.organisation != lab.corpus().analyst_organisation || !dataset.policy.privacy_unit) continue;
    const std::string name = "\"" + dataset.id + "\"";
    const Status done = lab.Change("INSERT INTO " + name + " SELECT * REPLACE (" + *dataset.policy.privacy_unit +
                                   " + 50000000 AS " + *dataset.policy.privacy_unit + ") FROM " + name);
    if (!done) return done.error().public_message;
  }
  const bool same = lab.Run(one.sql, one.level).answer == outcome.answer;
  if (const Status done = lab.Rebuild(); !done) return done.error().public_message;
  return same ? "" : "the analyst's own rows change the answer";
}

// The same rows in another order give the same bytes.
std::string SameInAnyOrder(const Case& one, const Outcome& outcome, Lab& lab) {
  if (const Status done = lab.Rebuild(true); !done) return done.error().public_message;
  const bool same = lab.Run(one.sql, one.level).answer == outcome.answer;
  if (const Status done = lab.Rebuild(); !done) return done.error().public_message;
  return same ? "" : "the order of rows changes the answer";
}

// Values that fewer than k people have are not counted: without those rows the answer is the same.
std::string CountDistinctOnlyReleased(const Case& one, const Outcome& outcome, Lab& lab) {
  std::smatch match;
  static const std::regex kShape(R"(COUNT\(DISTINCT (?:\w+\.)?(\w+)\).*FROM\s+(\w+))", std::regex::icase);
  if (!std::regex_search(one.sql, match, kShape)) return "the runner cannot find the counted column";
  const std::string column = match[1];
  for (const auto& dataset : lab.corpus().datasets) {
    if (dataset.name != match[2].str() || !dataset.policy.privacy_unit) continue;
    const std::string name = "\"" + dataset.id + "\"";
    const Status done = lab.Change("DELETE FROM " + name + " WHERE " + column + " IN (SELECT " + column + " FROM " +
                                   name + " GROUP BY " + column + " HAVING COUNT(DISTINCT " +
                                   *dataset.policy.privacy_unit + ") < " +
                                   std::to_string(dataset.policy.min_group_size) + ")");
    if (!done) return done.error().public_message;
    const bool same = lab.Run(one.sql, one.level).answer == outcome.answer;
    if (const Status rebuilt = lab.Rebuild(); !rebuilt) return rebuilt.error().public_message;
    return same ? "" : "values of few people are counted";
  }
  return "the runner cannot find the dataset";
}

std::string RoundedToGranularity(const Outcome& outcome, const Lab& lab) {
  double finest = 1;
  for (const auto& dataset : lab.corpus().datasets) {
    for (const auto& [name, column] : dataset.policy.columns) {
      if (column.quantiles && column.granularity) finest = std::min(finest, *column.granularity);
    }
  }
  for (const auto& row : outcome.answer.rows) {
    for (const Value& value : row) {
      const auto number = NumberOf(value);
      if (number && std::fabs(*number / finest - std::round(*number / finest)) > 1e-6)
        return "a value is finer than the granularity";
    }
  }
  return "";
}

std::string NullGroupNotRemainder(const Answer& answer) {
  for (const auto& row : answer.rows) {
    if (!row.empty() && engine::IsNull(row[0])) return "there is a group without a name";
  }
  return "";
}

}  // namespace

std::string RunCheck(const Check& check, const Case& one, const Outcome& outcome, Lab& lab) {
  const Answer& answer = outcome.answer;
  if (check.type == "absent") return Absent(check.body, answer);
  if (check.type == "no_value") return NoValue(check.body, answer);
  if (check.type == "rows_eq") {
    const auto wanted = static_cast<std::size_t>(check.body.at("n").as_int64());
    return answer.rows.size() == wanted ? "" : "has " + std::to_string(answer.rows.size()) + " rows";
  }
  if (check.type == "k_at_least") return KAtLeast(check.body, answer);
  if (check.type == "l_at_least") return LAtLeast(check.body, answer);
  if (check.type == "no_error") return outcome.error;
  if (check.type == "not_derivable") return NotDerivable(check.body, answer);
  if (check.type == "same_as_suppressed") return SameAsSuppressed(one, outcome, lab);
  if (check.type == "units_counted_from") return UnitsCountedFrom(one, outcome, lab);
  if (check.type == "deterministic_sum" || check.type == "canonical_order") return SameInAnyOrder(one, outcome, lab);
  if (check.type == "count_distinct_only_released") return CountDistinctOnlyReleased(one, outcome, lab);
  if (check.type == "rounded_to_granularity") return RoundedToGranularity(outcome, lab);
  if (check.type == "null_group_not_remainder") return NullGroupNotRemainder(answer);
  if (const auto verdict = RunNoiseCheck(check, one, outcome, lab)) return *verdict;
  return "the check " + check.type + " belongs to a level that is not offered yet";
}

}  // namespace cloister::attacks
