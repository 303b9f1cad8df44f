// A noisy release as a stage: exact, and bounded for each person, in steps.
//
//   rows      SELECT unit AS "u", key AS "k0", value AS "b0" FROM ... WHERE ...
//   persons   SELECT "u", "k0", COUNT(*) AS "r0", SUM("b0") AS "r1" FROM rows GROUP BY "u", "k0"
//   chosen    persons QUALIFY ROW_NUMBER() OVER (PARTITION BY "u" ORDER BY cloister_choice("u", "k0"), "k0") <= C
//   exact     SELECT "k0", COUNT(*) AS "n", SUM(LEAST("r0", R)) AS "x0" FROM chosen GROUP BY "k0"
//
// A person with more than R rows in a group counts as R rows: a sum is clamped to R times its bounds, an average keeps
// its value with the weight of R rows. Where a person can be in one group only, nothing is chosen. Where sums are all
// that is asked, persons and chosen are one pass with a small state for each person (engine/bounded_aggregate.h):
//
//   chosen    SELECT UNNEST(cloister_bounded_4(C, cloister_choice("u", "g"), "g", 1, "b0")) AS "e"
//             FROM (SELECT *, cloister_group("k0") AS "g" FROM rows) GROUP BY "u"
//
// and the keys come back through their numbers "g" (engine/group_numbers.h). Where the owners list the keys' values
// (public_keys.h), only rows with these are read, and all groups are there: (VALUES ('North'), ('South')) AS "v0"("k0")
// LEFT JOIN exact AS "e".

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "sql/lower/group_keys.h"
#include "sql/lower/public_keys.h"
#include "sql/lower/sql_printer.h"

namespace cloister::sql {
namespace {

constexpr std::int64_t kSquareRootMax = 1 << 20;  // of a squared step: squares stay far from 2^63

// The engine's bounded aggregates (engine/bounded_aggregate.h; this room knows no other).
constexpr std::array<int, 5> kBoundedSizes = {1, 2, 4, 8, 16};
constexpr std::size_t kBoundedValuesMax = 8;

std::string Named(std::string_view prefix, std::size_t index) {
  return "\"" + std::string(prefix) + std::to_string(index) + "\"";
}

std::string Number(double value) { return Literal::Double(value).ToSql(); }

void Comma(std::string& all, const std::string& item) { all += (all.empty() ? "" : ", ") + item; }

// Bounds in whole steps.
struct StepBounds {
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::int64_t middle() const { return low + (high - low) / 2; }
  std::int64_t half() const { return std::max(high - middle(), middle() - low); }
  std::int64_t largest() const { return std::max(std::abs(low), std::abs(high)); }
};

StepBounds InSteps(const UnitAggregate& aggregate) {
  const double step = *aggregate.step;
  return {static_cast<std::int64_t>(std::floor(aggregate.bounds->min / step + 1e-9)),
          static_cast<std::int64_t>(std::ceil(aggregate.bounds->max / step - 1e-9))};
}

std::string Clamped(const std::string& value, std::int64_t low, std::int64_t high) {
  return "LEAST(GREATEST(" + value + ", " + std::to_string(low) + "), " + std::to_string(high) + ")";
}

// Rows times what each may add; the noise says later when this is too much for it.
std::int64_t TimesRows(std::int64_t value, std::int64_t rows) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(value, rows, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

}  // namespace

struct SqlPrinter::NoisyDraft {
  UnitLimits limits;
  bool gaussian = false;
  std::string keys;                // of the rows: expressions with their names
  std::string names;               // "k0", "k1"
  std::vector<std::string> bases;  // of each row, each once: its SQL
  // Of each person and group, each once: from the engine's own aggregates, or from the bounded one's values.
  struct Raw {
    std::string aggregate;
    std::string value;  // what a row adds; empty where that is no sum
  };
  std::vector<Raw> raws;
  std::vector<std::string> values;  // what a person adds to a group, each once: its SQL over raws
  std::vector<std::string> sums;    // how these are added up
  std::optional<PublicKeys> listed;
  PlanStage stage;
  NoisyRelease release;

  std::string Base(const std::string& sql) {
    const auto known = std::find(bases.begin(), bases.end(), sql);
    const auto index = static_cast<std::size_t>(known - bases.begin());
    if (known == bases.end()) bases.push_back(sql);
    return Named("b", index);
  }

  std::string AddRaw(Raw raw) {
    const auto known =
        std::find_if(raws.begin(), raws.end(), [&](const Raw& one) { return one.aggregate == raw.aggregate; });
    const auto index = static_cast<std::size_t>(known - raws.begin());
    if (known == raws.end()) raws.push_back(std::move(raw));
    return Named("r", index);
  }
  std::string Rows() { return AddRaw({"COUNT(*)", "1"}); }
  std::string Sum(const std::string& base) { return AddRaw({"SUM(" + base + ")", base}); }
  std::string CountOf(const std::string& base) {
    return AddRaw({"COUNT(" + base + ")", "CASE WHEN " + base + " IS NOT NULL THEN 1 END"});
  }

  // The exact column that adds up `sql`.
  int Column(const std::string& sql, const std::string& sum, const std::string& type) {
    const auto known = std::find(values.begin(), values.end(), sql);
    const std::size_t first = stage.exact.size() - values.size();
    const auto index = static_cast<std::size_t>(known - values.begin());
    if (known != values.end()) return static_cast<int>(first + index);
    values.push_back(sql);
    sums.push_back("CAST(" + sum + " AS " + type + ") AS " + Named("x", index));
    stage.exact.push_back({"x" + std::to_string(index), type});
    return static_cast<int>(stage.exact.size() - 1);
  }

  // The mechanism that makes a column noisy; one for all that ask for the same.
  int Mechanism(NoiseMechanism mechanism) {
    for (std::size_t i = 0; i < release.mechanisms.size(); ++i) {
      const NoiseMechanism& known = release.mechanisms[i];
      const bool same = known.kind == mechanism.kind && known.column == mechanism.column &&
                        known.rank.numerator == mechanism.rank.numerator &&
                        known.rank.denominator == mechanism.rank.denominator;
      if (same) return static_cast<int>(i);
    }
    mechanism.id = "m" + std::to_string(release.mechanisms.size());
    mechanism.groups_max = limits.groups;
    release.mechanisms.push_back(std::move(mechanism));
    return static_cast<int>(release.mechanisms.size() - 1);
  }

  int Noisy(const std::string& sql, std::int64_t per_group_max, double step) {
    const auto kind = gaussian ? NoiseMechanism::Kind::kGaussian : NoiseMechanism::Kind::kLaplace;
    return Mechanism({.kind = kind,
                      .column = Column(sql, "SUM(" + sql + ")", "HUGEINT"),
                      .per_group_max = std::max<std::int64_t>(per_group_max, 1),
                      .step = step});
  }

  void Released(ReleasedColumn column, const std::string& type) {
    stage.columns.push_back({"c" + std::to_string(stage.columns.size()), type});
    release.columns.push_back(std::move(column));
  }

  std::string RowsSql(const std::string& unit, const std::string& tables) const {
    std::string items = unit + " AS \"u\"";
    if (!keys.empty()) items += ", " + keys;
    for (std::size_t i = 0; i < bases.size(); ++i) items += ", " + bases[i] + " AS " + Named("b", i);
    return "SELECT " + items + tables;
  }

  // Chooses by the engine's own means: any aggregate, any number of groups.
  std::string ExactSql(const std::string& rows) const {
    const std::string shown = names.empty() ? "" : ", " + names;
    std::string items = "\"u\"" + shown;
    for (std::size_t i = 0; i < raws.size(); ++i) items += ", " + raws[i].aggregate + " AS " + Named("r", i);
    std::string persons = "SELECT " + items + " FROM (" + rows + ") AS \"t\" GROUP BY \"u\"" + shown;
    if (Chooses()) {
      persons = "SELECT * FROM (" + persons + ") AS \"a\" QUALIFY ROW_NUMBER() OVER (PARTITION BY \"u\" ORDER BY " +
                "cloister_choice(\"u\", " + names + "), " + names + ") <= " + std::to_string(limits.groups);
    }
    std::string out = names;
    if (!names.empty()) Comma(out, "COUNT(*) AS \"n\"");
    for (const std::string& sum : sums) Comma(out, sum);
    return "SELECT " + out + " FROM (" + persons + ") AS \"p\"" + (names.empty() ? "" : " GROUP BY " + names);
  }

  bool Chooses() const { return !names.empty() && !limits.one_group; }

  // The least size of the bounded aggregate that holds the groups, or 0 where it cannot be used.
  int BoundedSize() const {
    if (!Chooses() || raws.size() > kBoundedValuesMax) return 0;
    for (const Raw& raw : raws) {
      if (raw.value.empty()) return 0;
    }
    for (const int size : kBoundedSizes) {
      if (limits.groups <= size) return size;
    }
    return 0;
  }

  // The same in one pass.
  std::string BoundedSql(const std::string& rows, int size) const {
    std::string bounded = "cloister_bounded_" + std::to_string(size) + "(" + std::to_string(limits.groups) +
                          ", cloister_choice(\"u\", \"g\"), \"g\"";
    std::string fields = "\"e\".\"g\" AS \"g\"";
    for (std::size_t i = 0; i < raws.size(); ++i) {
      bounded += ", " + raws[i].value;
      fields += ", \"e\"." + Named("r", i) + " AS " + Named("r", i);
    }
    std::string numbers;
    std::string shown;
    for (std::size_t i = 0; i < release.keys.size(); ++i) {
      const PlanColumn& key = stage.exact[static_cast<std::size_t>(release.keys[i])];
      Comma(numbers, KeyOfGroup(key));
      Comma(shown, KeyOfNumber("\"s\".\"g\"", i, key) + " AS \"" + key.name + "\"");
    }
    const std::string numbered = "SELECT *, cloister_group(" + numbers + ") AS \"g\" FROM (" + rows + ") AS \"t\"";
    const std::string chosen = "SELECT " + fields + " FROM (SELECT UNNEST(" + bounded + ")) AS \"e\" FROM (" +
                               numbered + ") AS \"a\" GROUP BY \"u\") AS \"p\"";
    std::string out = "\"g\", COUNT(*) AS \"n\"";
    for (const std::string& sum : sums) Comma(out, sum);
    for (std::size_t i = release.keys.size(); i < stage.exact.size(); ++i)
      Comma(shown, "\"s\".\"" + stage.exact[i].name + "\"");
    return "SELECT " + shown + " FROM (SELECT " + out + " FROM (" + chosen + ") AS \"q\" GROUP BY \"g\") AS \"s\"";
  }
};

// The argument in whole steps, inside its bounds; NULL where it has no value or the row is filtered out.
std::string SqlPrinter::FixedPoint(const UnitAggregate& aggregate) {
  const ExprPtr& arg = aggregate.args[0];
  const double step = *aggregate.step;
  const bool whole = arg->type.IsInteger() || arg->type.kind == Type::Kind::kBoolean || IsLiteral(arg);
  std::string steps;
  if (whole && step == 1) {
    steps = "TRY_CAST(" + Total(arg) + " AS BIGINT)";
  } else {
    const std::string value = "TRY_CAST(" + Total(arg) + " AS DOUBLE)";
    steps = "TRY_CAST(round(" + value + (step < 1 ? " * " + Number(std::round(1 / step)) : " / " + Number(step)) +
            ") AS BIGINT)";
  }
  const StepBounds bounds = InSteps(aggregate);
  // LEAST and GREATEST pass over NULL, which is nobody's value.
  const std::string filter = aggregate.filter ? Total(aggregate.filter) + " AND " : "";
  return "CASE WHEN " + filter + steps + " IS NOT NULL THEN " + Clamped(steps, bounds.low, bounds.high) + " END";
}

void SqlPrinter::AddNoisyCount(const UnitAggregate& aggregate, NoisyDraft& draft) {
  const bool star = aggregate.function == "count_star" || IsLiteral(aggregate.args[0]) || aggregate.distinct;
  std::string condition = aggregate.filter ? Total(aggregate.filter) : "";
  if (!star) condition += (condition.empty() ? "" : " AND ") + ("(" + Total(aggregate.args[0]) + " IS NOT NULL)");
  const std::string count =
      condition.empty() ? draft.Rows() : draft.CountOf(draft.Base("CASE WHEN " + condition + " THEN 1 END"));
  const std::int64_t rows = aggregate.distinct ? 1 : draft.limits.rows;
  const int mechanism = draft.Noisy("LEAST(" + count + ", " + std::to_string(rows) + ")", rows, 1);
  draft.Released({.kind = ReleasedColumn::Kind::kCount, .mechanisms = {mechanism}}, "BIGINT");
}

void SqlPrinter::AddNoisySum(const UnitAggregate& aggregate, NoisyDraft& draft) {
  const StepBounds bounds = InSteps(aggregate);
  const std::int64_t rows = draft.limits.rows;
  const std::string sum = draft.Sum(draft.Base(FixedPoint(aggregate)));
  const std::string value = Clamped("COALESCE(" + sum + ", 0)", std::min<std::int64_t>(TimesRows(bounds.low, rows), 0),
                                    std::max<std::int64_t>(TimesRows(bounds.high, rows), 0));
  const int mechanism = draft.Noisy(value, TimesRows(bounds.largest(), rows), *aggregate.step);
  draft.Released({.kind = ReleasedColumn::Kind::kSum, .mechanisms = {mechanism}}, aggregate.type.ToString());
}

// AVG, VAR and STDDEV: sums around the middle of the bounds, each with the weight of at most R rows.
void SqlPrinter::AddNoisyMoments(const UnitAggregate& aggregate, NoisyDraft& draft) {
  const StepBounds bounds = InSteps(aggregate);
  const std::int64_t rows = draft.limits.rows;
  const std::string limit = std::to_string(rows);
  const std::string base = draft.Base(FixedPoint(aggregate));
  const std::string count = draft.CountOf(base);
  const std::string middle = std::to_string(bounds.middle());
  const auto weighted = [&](const std::string& sum) {
    return "COALESCE(CASE WHEN " + count + " > " + limit + " THEN " + sum + " * " + limit + " // " + count + " ELSE " +
           sum + " END, 0)";
  };
  ReleasedColumn column{.kind = ReleasedColumn::Kind::kMean,
                        .offset = static_cast<double>(bounds.middle()) * *aggregate.step,
                        .low = aggregate.bounds->min,
                        .high = aggregate.bounds->max};
  const std::string centred = "(" + draft.Sum(base) + " - " + middle + " * " + count + ")";
  column.mechanisms.push_back(draft.Noisy(weighted(centred), TimesRows(bounds.half(), rows), *aggregate.step));
  column.mechanisms.push_back(draft.Noisy("LEAST(" + count + ", " + limit + ")", rows, 1));
  if (aggregate.function != "avg") {
    const std::int64_t coarser = bounds.half() / kSquareRootMax + 1;
    const std::int64_t largest = bounds.half() / coarser + 1;
    const std::string root = "CAST(round((" + FixedPoint(aggregate) + " - " + middle + ") / " +
                             Number(static_cast<double>(coarser)) + ") AS BIGINT)";
    const double step = *aggregate.step * static_cast<double>(coarser);
    const std::string squares = draft.Sum(draft.Base(root + " * " + root));
    column.mechanisms.push_back(draft.Noisy(weighted(squares), TimesRows(largest * largest, rows), step * step));
    const bool variance = aggregate.function.starts_with("var");
    column.kind = variance ? ReleasedColumn::Kind::kVariance : ReleasedColumn::Kind::kStddev;
    column.sample = aggregate.function.ends_with("_samp");
  }
  draft.Released(std::move(column), "DOUBLE");
}

// How many rows lie in each bin; of a person at most R rows, chosen by their bins.
void SqlPrinter::AddNoisyQuantile(const UnitAggregate& aggregate, NoisyDraft& draft) {
  constexpr std::int64_t kParts = 10'000;
  const double step = *aggregate.step;
  const double low = aggregate.bounds->min;
  const auto bins = static_cast<std::int64_t>(std::floor((aggregate.bounds->max - low) / step + 0.5)) + 1;
  const std::string value = "TRY_CAST(" + Total(aggregate.args[0]) + " AS DOUBLE)";
  const std::string number = "TRY_CAST(round((" + value + " - " + Number(low) + ") / " + Number(step) + ") AS BIGINT)";
  const std::string filter = aggregate.filter ? Total(aggregate.filter) + " AND " : "";
  const std::string bin =
      draft.Base("CASE WHEN " + filter + number + " IS NOT NULL THEN " + Clamped(number, 0, bins - 1) + " END");
  const std::string chosen = draft.AddRaw(
      {"arg_min(" + bin + ", cloister_choice(\"u\", " + bin + "), " + std::to_string(draft.limits.rows) + ")", ""});
  const int column = draft.Column(chosen, "list_aggregate(flatten(list(" + chosen + ")), 'histogram')", "VARCHAR");
  const auto numerator =
      static_cast<std::int64_t>(std::lround(*aggregate.args[1]->literal.AsNumber() * static_cast<double>(kParts)));
  const int mechanism = draft.Mechanism({.kind = NoiseMechanism::Kind::kQuantile,
                                         .column = column,
                                         .per_group_max = draft.limits.rows,
                                         .step = step,
                                         .low = low,
                                         .bins = bins,
                                         .rank = {numerator, kParts}});
  draft.Released({.kind = ReleasedColumn::Kind::kQuantile, .mechanisms = {mechanism}}, "DOUBLE");
}

void SqlPrinter::AddNoisyAggregate(const UnitAggregate& aggregate, NoisyDraft& draft) {
  const std::string& f = aggregate.function;
  if (f == "count_star" || f == "count" || f == "approx_count_distinct") {
    AddNoisyCount(aggregate, draft);
  } else if (f == "sum") {
    AddNoisySum(aggregate, draft);
  } else if (f == "quantile_cont") {
    AddNoisyQuantile(aggregate, draft);
  } else {
    AddNoisyMoments(aggregate, draft);
  }
}

// Keys of the set are columns of the rows; the others are NULL in what is released.
void SqlPrinter::AddNoisyKeys(const Release& release, const std::vector<int>& set, NoisyDraft& draft) {
  for (std::size_t i = 0; i < release.keys.size(); ++i) {
    const ExprPtr& key = release.keys[i];
    const bool shown = std::find(set.begin(), set.end(), static_cast<int>(i)) != set.end();
    const Type::Kind kind = key->type.kind;
    const bool text = kind == Type::Kind::kNull || kind == Type::Kind::kInterval;
    const std::string type = text ? kVarcharType.ToString() : key->type.ToString();
    if (!shown) {
      draft.Released({.kind = ReleasedColumn::Kind::kConstant}, type);
      continue;
    }
    Comma(draft.keys, "TRY_CAST(" + Key(key) + " AS " + type + ") AS " + Named("k", i));
    Comma(draft.names, Named("k", i));
    draft.release.keys.push_back(static_cast<int>(draft.stage.exact.size()));
    draft.stage.exact.push_back({"k" + std::to_string(i), type});
    draft.Released({.kind = ReleasedColumn::Kind::kKey, .source = draft.release.keys.back()}, type);
  }
  if (draft.names.empty() || draft.listed) return;
  std::int64_t least = 1;  // noise or not, a group of fewer persons than an owner says is not shown
  for (const UnitCounter& counter : release.block->counters) least = std::max(least, counter.k);
  draft.release.selection = GroupSelection{.column = static_cast<int>(draft.stage.exact.size()),
                                           .parameters = {.groups_max = draft.limits.groups, .units_min = least}};
  draft.stage.exact.push_back({"n", "BIGINT"});
}

// GROUPING(...) is the same in every row of a set.
void SqlPrinter::AddGroupings(const Release& release, const std::vector<int>& set, NoisyDraft& draft) {
  for (const std::vector<ExprPtr>& grouping : release.groupings) {
    std::int64_t bits = 0;
    for (const ExprPtr& arg : grouping) {
      const bool shown = std::any_of(set.begin(), set.end(), [&](int i) { return SameExpr(release.keys[i], arg); });
      bits = bits * 2 + (shown ? 0 : 1);
    }
    draft.Released({.kind = ReleasedColumn::Kind::kConstant, .constant = bits}, "BIGINT");
  }
}

PlanStage SqlPrinter::NoisyStage(const Release& release, const std::vector<int>& set) {
  CLOISTER_CHECK(release.limits.has_value());
  numbers_.emplace();
  const UnitBlock& block = *release.block;
  NoisyDraft draft{.limits = *release.limits, .gaussian = query_.loss().gaussian};
  if (set.empty()) draft.limits.groups = 1;
  const std::string from = BlockFrom(block);
  const std::string unit = Expression(release.limits->unit);
  // A column of one table is not NULL there already.
  std::vector<std::string> more;
  if (!IsColumn(release.limits->unit)) more.push_back("(" + unit + " IS NOT NULL)");
  draft.listed = PublicKeysOf(release, set);
  for (std::size_t i = 0; draft.listed && i < set.size(); ++i)
    more.push_back(IsListed(Expression(release.keys[static_cast<std::size_t>(set[i])]), (*draft.listed)[i]));
  const std::string where = BlockWhere(block, more);
  const std::string tables = " FROM " + from + (where.empty() ? "" : " WHERE " + where);
  AddNoisyKeys(release, set, draft);
  for (const UnitAggregate& aggregate : release.aggregates) AddNoisyAggregate(aggregate, draft);
  AddGroupings(release, set, draft);
  AddIntervalColumns(draft.release, draft.stage);
  if (draft.raws.empty()) draft.Rows();
  draft.release.rows_per_unit = release.limits->rows;
  draft.release.groups_per_unit = draft.limits.groups;
  const std::string rows = draft.RowsSql(unit, tables);
  const int size = draft.BoundedSize();
  draft.stage.sql = size == 0 ? draft.ExactSql(rows) : draft.BoundedSql(rows, size);
  if (draft.listed) draft.stage.sql = WithEmptyGroups(*draft.listed, draft.stage);
  draft.stage.protection = std::move(draft.release);
  return std::move(draft.stage);
}

}  // namespace cloister::sql
