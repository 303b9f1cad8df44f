// A table that a query reads more than once, as a WITH that is named twice, is computed once. The binder puts what a
// name stands for wherever it is used, under sources of its own, so equal tables are found by their text: each derived
// table is printed with its sources numbered from 0, and those that read alike are one.
//
//   WITH v AS (SELECT part, SUM(cost) AS c FROM stock GROUP BY part)
//   SELECT part FROM v WHERE c > (SELECT AVG(c) FROM v)
//
//   WITH "w0" AS (SELECT ... FROM "ds_stock" AS "s2" GROUP BY ...)
//   SELECT ... FROM "w0" AS "s1" WHERE "s1"."c1" > (SELECT avg("s4"."c1") FROM "w0" AS "s4")
//
// The engine keeps the rows of such a table in memory, under the limit of all that it uses, or computes it in place
// where that is cheaper: as it does with the analyst's own WITH.

#include "sql/lower/sql_printer.h"

namespace cloister::sql {

std::map<int, int> SqlPrinter::FindSharedTables() const {
  SqlPrinter surveyor(query_, tables_);
  surveyor.survey_.emplace();
  surveyor.RelationSql(*query_.root(), true);
  std::map<int, int> shared;
  int tables = 0;
  for (const auto& [sql, sources] : *surveyor.survey_) {
    if (sources.size() < 2) continue;
    for (const int source : sources) shared[source] = tables;
    ++tables;
  }
  return shared;
}

// A table that named a source around it could not be moved; the binder admits none, so this is a second lock.
std::string SqlPrinter::SurveyedSql(const Source& source) {
  auto numbers_outside = std::exchange(numbers_, std::map<int, int>());
  const bool looked_outside = std::exchange(looks_outside_, false);
  std::string sql = SourceRelationSql(*source.relation, source.id);
  if (!looks_outside_) (*survey_)[sql].push_back(source.id);
  looks_outside_ = looks_outside_ || looked_outside;
  numbers_ = std::move(numbers_outside);
  return "(" + sql + ")";
}

std::string SqlPrinter::DerivedSql(const Source& source) {
  if (survey_) return SurveyedSql(source);
  const auto shared = shared_.find(source.id);
  if (shared == shared_.end()) return "(" + SourceRelationSql(*source.relation, source.id) + ")";
  const auto name = [](int number) { return "\"w" + std::to_string(number) + "\""; };
  const auto printed = printed_.find(shared->second);
  if (printed != printed_.end()) return name(printed->second);
  // What it reads itself comes before it.
  const std::string sql = SourceRelationSql(*source.relation, source.id);
  const int number = static_cast<int>(printed_.size());
  printed_[shared->second] = number;
  with_ += (with_.empty() ? "WITH " : ", ") + name(number) + " AS (" + sql + ")";
  return name(number);
}

}  // namespace cloister::sql
