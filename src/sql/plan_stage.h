#pragma once

// The steps of a plan that end outside SQL. A stage is SQL over datasets that gives an exact table, and what C++ does
// with each of its rows before anything may be read from them; the rows that come out of it are a released table, and
// the plan's last statement reads released and public tables only (HAVING, ORDER BY, LIMIT, windows and ratios see
// released values).
//
//   stage 0   SELECT ward, COUNT(*), SUM(...), units FROM "ds_..." ...      exact, stays in the enclave
//             -> partitions chosen, noise added -> table "released_0" (c0 VARCHAR, c1 BIGINT)
//   answer    SELECT "c0", "c1" FROM "released_0" WHERE "c1" > 100 ORDER BY ...
//
// Immutable values; the plan's canonical bytes hold every member of them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/json.h"
#include "privacy/amount.h"
#include "privacy/partition_selection.h"
#include "privacy/quantile.h"

namespace cloister::sql {

struct PlanColumn {
  std::string name;
  std::string type;  // the SQL type the engine's column has: "BIGINT", "HUGEINT", "DOUBLE", "VARCHAR", "DECIMAL(38,2)"
  bool operator==(const PlanColumn&) const = default;
};

// One draw a group: an exact value of the stage and the noise on it.
struct NoiseMechanism {
  enum class Kind { kLaplace, kGaussian, kQuantile };
  Kind kind = Kind::kLaplace;
  std::string id;  // unique in its stage, e.g. "sum:2"; part of the input of every draw
  int column = 0;  // of the exact table: a HUGEINT of whole steps, or for kQuantile a text (HistogramText)
  // What one person can change in one group, in whole steps (of kQuantile: rows), and in how many groups he can be.
  std::int64_t per_group_max = 1;
  std::int64_t groups_max = 1;
  privacy::Epsilon epsilon;         // of kLaplace and kQuantile
  privacy::Rho rho;                 // of kGaussian
  double step = 1;                  // what one whole step (bin) is worth in the column's own unit
  double low = 0;                   // of kQuantile: the value of bin 0
  std::int64_t bins = 0;            // of kQuantile
  privacy::QuantileRank rank = {};  // of kQuantile
};

// Whether a group may be shown at all (privacy/partition_selection.h).
struct GroupSelection {
  int column = 0;  // of the exact table: BIGINT, distinct persons after contribution bounding
  privacy::SelectionParameters parameters;
};

// How a column of the released table is made.
struct ReleasedColumn {
  enum class Kind {
    kKey,       // exact column `source` as it is
    kConstant,  // `constant`; NULL without one: a key that this grouping set leaves out
    kCount,     // mechanism 0, BIGINT
    kSum,       // mechanism 0 in steps, DOUBLE or BIGINT
    kMean,      // mechanisms 0 (sum of x - offset) over 1 (count), clamped to [low, high]
    kVariance,  // mechanisms 0 (sum of x - offset), 1 (count), 2 (sum of its squares)
    kStddev,
    kQuantile,  // mechanism 0
    kLow,       // of the interval of column `source`, with kIntervalConfidence; DOUBLE
    kHigh,
  };
  Kind kind = Kind::kKey;
  int source = -1;  // of kKey an exact column, of kLow and kHigh a column of this table
  std::optional<std::int64_t> constant;
  std::vector<int> mechanisms;  // indices into NoisyRelease::mechanisms
  double offset = 0;            // the middle of the bounds
  double low = 0;
  double high = 0;
  bool sample = false;  // kVariance, kStddev: divided by n - 1
};
// "count", "stddev": in plans and beside answers.
std::string_view NameOf(ReleasedColumn::Kind kind);
// Whether it is made of several noisy numbers, so that its interval depends on them (privacy/derived.h).
inline bool HasInterval(ReleasedColumn::Kind kind) {
  return kind == ReleasedColumn::Kind::kMean || kind == ReleasedColumn::Kind::kVariance ||
         kind == ReleasedColumn::Kind::kStddev;
}
inline constexpr double kIntervalConfidence = 0.95;

// Level differential_privacy. Every contribution in the exact table is bounded by the stage's SQL.
struct NoisyRelease {
  std::vector<NoiseMechanism> mechanisms;
  std::optional<GroupSelection> selection;  // absent without keys, and where keys are public (lower/public_keys.h)
  std::vector<int> keys;                    // columns of the exact table that name a group
  std::vector<ReleasedColumn> columns;      // of the released table
  std::int64_t rows_per_unit = 1;           // R: of one person in one group
  std::int64_t groups_per_unit = 1;         // C
};

// Level k_anonymized: the first release of a dataset's version is its only one. Later queries may show part of it.
struct AnonymousPin {
  std::vector<std::string> columns;  // released, sorted
  std::string filter;                // of the rows, in one spelling
  bool operator==(const AnonymousPin&) const = default;
};

// How coarsely a quasi-identifier may be written; each level is a function of the one before.
struct GeneralisationLevel {
  enum class Kind { kValue, kPrefix, kBand, kAll };  // 00142, 0014*, [40, 50), *
  Kind kind = Kind::kValue;
  std::int64_t prefix = 0;  // characters kept
  double width = 0;
};

struct AnonymousColumn {
  enum class Kind {
    kQuasiIdentifier,  // VARCHAR, or DOUBLE where a level is a band; written as text at the level of its class
    kBanded,           // DOUBLE, written as the band of `band` that it lies in
    kPlain,            // as it is
    kTested,           // not released: the filter tells its value, so classes must be diverse in it
  };
  Kind kind = Kind::kPlain;
  int source = 0;                           // exact column
  std::vector<GeneralisationLevel> levels;  // of kQuasiIdentifier; the last is kAll
  double span = 0;                          // of bands: the width of the column's bounds; 0 when there are none
  double band = 0;
  std::int64_t distinct_l = 1;  // different values in each class
  double entropy_l = 1;         // and how mixed they are: as this many equally frequent ones
  double closeness_t = 1;       // and how far from the whole release; 1 is no limit
  bool ordered = false;         // for closeness: numbers, whose neighbours are nearer than others
};

struct AnonymousRelease {
  int unit = 0;  // exact column: the person
  std::int64_t k = 1;
  double suppression_max = 0;
  std::vector<AnonymousColumn> columns;
  std::vector<int> shown;  // column i of the released table is columns[shown[i]]
  AnonymousPin pin;
};

// Level aggregate_only under the guard against differencing (privacy/differencing/): the rows may be released as far as
// thresholds go, and what is close to an earlier release is suppressed.
struct GuardedRelease {
  struct Set {
    int column = 0;       // exact: a handle of the units (engine/unit_sets.h)
    std::string dataset;  // of the table reference
    std::string unit;     // its unit's column
    std::int64_t k = 1;
    std::vector<std::string> sums;  // the measure whose rows each part of the handle adds up; empty: of none here
  };
  struct Cell {
    std::vector<std::string> measures;
    std::vector<int> columns;  // NULL when suppressed; none: the whole row
    std::vector<Set> sets;
  };
  std::vector<Cell> cells;
  int grouping = -1;  // exact column: which grouping set a row belongs to
};

// What a stage does with its exact rows; further levels add their own kind.
using StageProtection = std::variant<NoisyRelease, AnonymousRelease, GuardedRelease>;

struct PlanStage {
  std::string table;                  // "released_0"; several stages may fill one table (grouping sets)
  int part = 0;                       // of the table: one stage for each grouping set
  std::string sql;                    // over dataset tables; chooses contributions by cloister_choice()
  std::vector<PlanColumn> exact;      // columns of `sql`
  std::vector<PlanColumn> columns;    // of the released table
  std::vector<std::string> datasets;  // protected ones that `sql` reads, sorted: each is charged for it
  StageProtection protection;
};

// Behind all columns of a noisy release the ends of the intervals of those that have one: column 2 gets "l2" and "h2".
void AddIntervalColumns(NoisyRelease& release, PlanStage& stage);

// Mechanisms as this release makes them: another sampler, another order of draws, another encoding is another version.
inline constexpr std::string_view kNoiseVersion = "1";
// The same for the choice of classes.
inline constexpr std::string_view kAnonymityVersion = "1";
// The same for the rule by which cells are suppressed.
inline constexpr std::string_view kGuardVersion = "2";

// Every member; part of the plan's canonical bytes.
codec::Json EncodeStage(const PlanStage& stage);

}  // namespace cloister::sql
