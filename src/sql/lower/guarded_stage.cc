#include "sql/lower/guarded_stage.h"

#include <algorithm>

#include "sql/lower/block_measures.h"
#include "sql/lower/sql_printer.h"

namespace cloister::sql {
namespace {

constexpr std::size_t kMarksMax = 8;  // of one handle: engine/unit_sets.h

std::string Text(const std::string& text) { return Literal::Text(text).ToSql(); }

std::string DomainOf(const CompileDataset& dataset) {
  const std::string& domain = dataset.policy.Column(*dataset.policy.privacy_unit).domain;
  return domain.empty() ? dataset.id : domain;
}

}  // namespace

bool SqlPrinter::HasNumberKey(const ExprPtr& unit) {
  return unit->type.kind == Type::Kind::kBigint || unit->type.kind == Type::Kind::kInteger;
}

// A unit as the engine's own functions take it: both casts hold every value of their types.
std::string SqlPrinter::UnitKey(const ExprPtr& unit) {
  return "CAST(" + Expression(unit) + (HasNumberKey(unit) ? " AS BIGINT)" : " AS VARCHAR)");
}

// The rows that an aggregate reads; all of them without a condition.
std::string SqlPrinter::RowFilter(const std::string& condition) {
  return condition.empty() ? "" : " FILTER (WHERE " + condition + ")";
}

// The units behind a group, of those for whom the condition holds where there is one.
SqlPrinter::UnitHandle SqlPrinter::UnitsOf(const UnitCounter& counter, const ExprPtr& condition,
                                           const std::string& marks) {
  const UnitRows units{.key = UnitKey(counter.unit), .filter = RowFilter(condition ? Total(condition) : "")};
  return {.sql = "cloister_units(" + Text(DomainOf(*counter.dataset)) + ", " + units.key + marks + ")" + units.filter,
          .units = units};
}

// The exact column of a handle; each is given once.
int SqlPrinter::AddHandle(const Release& release, UnitHandle handle) {
  const std::size_t shown = release.keys.size() + release.aggregates.size() + release.groupings.size();
  const auto known =
      std::find_if(units_.begin(), units_.end(), [&](const UnitHandle& other) { return other.sql == handle.sql; });
  const auto place = static_cast<std::size_t>(known - units_.begin());
  if (known == units_.end()) units_.push_back(std::move(handle));
  return static_cast<int>(shown + place);
}

// Adds a cell with its sets; their SQL goes to `units_`. More marks than one handle has are those of several.
void SqlPrinter::AddGuardedCell(const Release& release, const ExprPtr& condition, const Marks& marks,
                                GuardedRelease::Cell cell) {
  std::vector<std::pair<std::string, std::string>> parts;  // measure and SQL
  for (const auto& [measure, terms] : marks) {
    for (const std::string& term : terms) parts.emplace_back(measure, term);
  }
  for (const UnitCounter& counter : release.block->counters) {
    if (counter.k <= 1) continue;  // the analyst's own: nobody to hide
    std::size_t next = 0;
    do {
      GuardedRelease::Set set{.dataset = counter.dataset->id,
                              .unit = *counter.dataset->policy.privacy_unit,
                              .k = counter.k,
                              .sums = {""}};  // rows as they are: of measures that have no marks below
      std::string list;
      for (; next < parts.size() && set.sums.size() <= kMarksMax; ++next) {
        if (parts[next].second == kMarkOfOne) {
          set.sums.front() = parts[next].first;
          continue;
        }
        list += ", " + parts[next].second;
        set.sums.push_back(parts[next].first);
      }
      set.column = AddHandle(release, UnitsOf(counter, condition, list));
      cell.sets.push_back(std::move(set));
    } while (next < parts.size());
  }
  if (!cell.sets.empty()) guarded_.cells.push_back(std::move(cell));
}

void SqlPrinter::CountRows(Measures& measures, Marks& marks) {
  measures.insert(std::string(kCountMeasure));
  marks[std::string(kCountMeasure)].insert(std::string(kMarkOfOne));
}

// Counts of groups that a number names give the sum of these numbers: COUNT(*) ... GROUP BY age beside SUM(age).
void SqlPrinter::CountByKeys(const Release& release, Measures& measures, Marks& marks) {
  if (!measures.contains(std::string(kCountMeasure))) return;
  for (const ExprPtr& key : release.keys) {
    if (!IsColumn(key) || !key->type.IsNumeric()) continue;
    const UnitTable* table = TableOf(*release.block, key->source);
    if (table == nullptr || !IsMeasured(*table, key->column)) continue;
    const std::string measure = MeasureName(*table, key->column);
    measures.insert(measure);
    marks[measure].insert(MarkSql(key));
  }
}

// After the block's sources have their names. Rows as wholes first, then the aggregates under conditions.
void SqlPrinter::CollectGuardedCells(const Release& release) {
  const UnitBlock& block = *release.block;
  Marks whole;
  Measures measures;
  for (const UnitAggregate& aggregate : release.aggregates) {
    if (aggregate.filter) continue;
    measures.merge(MeasuresOf(aggregate, block));
    for (auto& [measure, terms] : MarksOf(aggregate, block)) whole[measure].merge(terms);
  }
  const bool counts = GiveCounts(release.aggregates, block);
  if (!measures.empty() && counts) CountRows(measures, whole);
  if (!measures.empty()) CountByKeys(release, measures, whole);
  if (!measures.empty()) AddGuardedCell(release, nullptr, whole, {.measures = {measures.begin(), measures.end()}});
  for (std::size_t i = 0; i < release.aggregates.size(); ++i) {
    const UnitAggregate& aggregate = release.aggregates[i];
    Measures own = MeasuresOf(aggregate, block);
    Marks marks = MarksOf(aggregate, block);
    if (aggregate.counts_conditions || counts) CountRows(own, marks);
    for (const ExprPtr& condition : aggregate.conditions) {
      AddGuardedCell(
          release, condition, marks,
          {.measures = {own.begin(), own.end()}, .columns = {static_cast<int>(release.keys.size() + i)}});
    }
  }
}

// What a guarded stage gives beside the release's own columns: handles, and which grouping set a row belongs to. SQL
// and name; nothing where no guarded stage is printed.
std::vector<std::pair<std::string, std::string>> SqlPrinter::GuardColumns(const Release& release,
                                                                          const std::vector<std::string>& keys) {
  std::vector<std::pair<std::string, std::string>> columns;
  if (guards_ != &release) return columns;
  CollectGuardedCells(release);
  for (std::size_t i = 0; i < units_.size(); ++i) columns.emplace_back(units_[i].sql, "\"u" + std::to_string(i) + "\"");
  if (release.sets.empty()) return columns;
  std::string all;
  for (const std::string& key : keys) all += (all.empty() ? "" : ", ") + key;
  columns.emplace_back("GROUPING(" + all + ")", "\"u\"");
  return columns;
}

// Counts of units whose sets are collected anyway are the sizes of these: taken out of `counts`, given as columns.
std::string SqlPrinter::SizesOfSets(const Release& release, Counts& counts) {
  std::string columns;
  if (guards_ != &release) return columns;
  std::vector<Counts::Count> others;
  for (const Counts::Count& count : counts.items) {
    const auto set = std::find_if(units_.begin(), units_.end(),
                                  [&](const UnitHandle& handle) { return handle.units == count.units; });
    if (set == units_.end()) {
      others.push_back(count);
      continue;
    }
    columns += ", cloister_units_size(\"u" + std::to_string(set - units_.begin()) + "\") AS " + count.name;
  }
  counts.items = std::move(others);
  return columns;
}

PlanStage SqlPrinter::GuardedStage(const Relation& relation) {
  const Release& release = *relation.release;
  guards_ = &release;
  const std::string rows = ReleaseSql(release);
  PlanStage stage;
  std::string list;
  const auto add = [&](const std::string& type) {
    const std::string name = "c" + std::to_string(stage.exact.size());
    list += (list.empty() ? "TRY_CAST(\"" : ", TRY_CAST(\"") + name + "\" AS " + type + ") AS \"" + name + "\"";
    stage.exact.push_back({name, type});
  };
  for (const OutputColumn& column : relation.columns)
    add(column.type.kind == Type::Kind::kNull ? "VARCHAR" : column.type.ToString());
  stage.columns = stage.exact;
  for (std::size_t i = 0; i < units_.size(); ++i) add("BIGINT");
  if (!release.sets.empty()) {
    guarded_.grouping = static_cast<int>(stage.exact.size());
    add("BIGINT");
  }
  stage.sql = "SELECT " + list + " FROM (" + rows + ") AS \"r\"";
  std::set<std::string> datasets;
  for (const UnitCounter& counter : release.block->counters) datasets.insert(counter.dataset->id);
  stage.datasets = {datasets.begin(), datasets.end()};
  stage.protection = std::move(guarded_);
  return stage;
}

GuardedStages BuildGuardedStages(const PrivateQuery& query) {
  GuardedStages out;
  if (query.level() != agreement::Level::kAggregateOnly) return out;
  std::vector<const Relation*> releases;
  ForEachRelation(query.root(), [&](const Relation& relation) {
    if (relation.kind == Relation::Kind::kRelease && !relation.release->aggregates.empty())
      releases.push_back(&relation);
  });
  std::reverse(releases.begin(), releases.end());  // what a release's filter reads is released before it
  for (const Relation* relation : releases) {
    if (out.tables.contains(relation->release.get())) continue;
    PlanStage stage = SqlPrinter(query, out.tables).GuardedStage(*relation);
    if (std::get<GuardedRelease>(stage.protection).cells.empty()) continue;
    stage.table = "released_" + std::to_string(out.stages.size());
    out.tables[relation->release.get()] = stage.table;
    out.stages.push_back(std::move(stage));
  }
  return out;
}

}  // namespace cloister::sql
