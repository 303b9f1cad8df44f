#include "agreement/policy_presets.h"

#include <algorithm>
#include <array>

#include "codec/ascii.h"

namespace cloister::agreement {
namespace {

constexpr std::array kPresets = std::to_array<PolicyPreset>({
    {"aggregates_only", "counts, sums and averages over groups of at least 25 people"},
    {"research_release", "one generalised release of rows, at least 11 people alike, beside counts"},
    {"private_statistics", "noisy statistics within a privacy budget, and nothing else"},
    {"public_table", "a table without people: everything may be read"},
});

constexpr std::string_view kUnitDomain = "person";

// Words of a column's name, which is cut at _, at digits and where a capital follows a small letter.
constexpr std::array kNamesOfPeople = std::to_array<std::string_view>(
    {"id",       "ids",     "uuid",    "guid",   "key",    "name",     "names",   "surname", "email",     "mail",
     "phone",    "mobile",  "fax",     "address", "street", "ssn",     "iban",    "card",    "account",   "passport",
     "licence",  "license", "ip",      "mac",    "device", "url",      "note",    "notes",   "comment",   "comments",
     "remark",   "remarks", "text",    "memo",   "token",  "password", "hash",    "description", "signature"});
constexpr std::array kNamesOfAges = std::to_array<std::string_view>({"age", "year", "years", "birth", "born"});
constexpr std::array kNamesOfSecrets = std::to_array<std::string_view>(
    {"diagnosis", "disease", "icd",    "condition", "health",  "drug",   "medication", "treatment", "disability",
     "income",    "salary",  "wage",   "debt",      "balance", "religion", "belief",   "party",     "race",
     "ethnicity", "sex",     "gender", "orientation", "crime", "fraud",  "offence",    "hiv",       "pregnant"});

struct Terms {
  std::set<Level> levels;
  std::int64_t min_group_size = kMinGroupSizeDefault;
  std::optional<std::int64_t> runs;
  PrivacyBudget budget;
  bool releases_rows = false;
};

Terms TermsOf(std::string_view preset) {
  if (preset == "research_release") {
    return {.levels = {Level::kKAnonymized, Level::kAggregateOnly},
            .min_group_size = 11,
            .runs = 20,
            .budget = {},
            .releases_rows = true};
  }
  if (preset == "private_statistics") {
    return {.levels = {Level::kDifferentialPrivacy},
            .runs = std::nullopt,
            .budget = {.epsilon_per_query = 0.5,
                       .delta_per_query = 1e-7,
                       .epsilon_budget = 5,
                       .delta_budget = 1e-6,
                       .max_groups_contributed = 4,
                       .max_rows_per_unit = 4}};
  }
  return {.levels = {Level::kAggregateOnly}, .runs = 100, .budget = {}};
}

// "dateOfBirth", "date_of_birth" and "DateOfBirth2" are {date, of, birth}.
std::vector<std::string> WordsOf(std::string_view name) {
  std::vector<std::string> words(1);
  bool small = false;
  for (const char c : name) {
    const bool capital = c >= 'A' && c <= 'Z';
    const bool letter = capital || (c >= 'a' && c <= 'z');
    if ((!letter || (capital && small)) && !words.back().empty()) words.emplace_back();
    if (letter) words.back() += codec::LowerCase(c);
    small = letter && !capital;
  }
  return words;
}

template <typename Names>
bool Says(std::string_view name, const Names& names) {
  const auto words = WordsOf(name);
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::find(names.begin(), names.end(), word) != names.end();
  });
}

GeneralisationStep Text(std::string text) { return {.width = std::nullopt, .text = std::move(text)}; }

ColumnPolicy NumberPolicy(const SchemaColumn& column) {
  const bool whole = column.type.kind == ColumnType::Kind::kInteger || column.type.kind == ColumnType::Kind::kBigint;
  ColumnPolicy policy;
  policy.roles = {Role::kMeasure};
  if (!whole || !Says(column.name, kNamesOfAges)) return policy;
  policy.roles = {Role::kDimension};
  policy.quasi_identifier = true;
  policy.generalise = {{5.0, ""}, {10.0, ""}, {20.0, ""}, Text("*")};
  return policy;
}

ColumnPolicy ValuePolicy(const SchemaColumn& column) {
  if (column.type.IsNumeric()) return NumberPolicy(column);
  ColumnPolicy policy;
  policy.roles = {Role::kDimension};
  switch (column.type.kind) {
    case ColumnType::Kind::kBoolean:
      policy.roles.insert(Role::kMeasure);
      policy.bounds = Bounds{0, 1};
      break;
    case ColumnType::Kind::kDate:
    case ColumnType::Kind::kTimestamp:
      policy.quasi_identifier = true;
      policy.date_granularity = DateGranularity::kYear;
      break;
    default:
      policy.quasi_identifier = true;
      policy.hierarchy = {Text("value"), Text("*")};
  }
  return policy;
}

ColumnPolicy PresetColumn(const SchemaColumn& column, const Terms& terms) {
  if (Says(column.name, kNamesOfPeople)) return {};
  ColumnPolicy policy = ValuePolicy(column);
  if (!Says(column.name, kNamesOfSecrets)) return policy;
  policy.sensitive = true;
  if (terms.releases_rows) {
    policy.l_diversity = 2;
    // What is protected by diversity is not what finds a person.
    policy.quasi_identifier = false;
    policy.hierarchy.clear();
    policy.generalise.clear();
  }
  return policy;
}

DatasetPolicy PublicTable(const DatasetSchema& schema) {
  DatasetPolicy policy;
  policy.levels = {Level::kAggregateOnly, Level::kFullAccess};
  policy.min_group_size = 0;
  for (const SchemaColumn& column : schema.columns) policy.columns[column.name].roles = {Role::kPublic};
  return policy;
}

std::string ColumnNames(const DatasetSchema& schema) {
  std::string names;
  for (const SchemaColumn& column : schema.columns) names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

}  // namespace

std::span<const PolicyPreset> PolicyPresets() { return kPresets; }

Result<DatasetPolicy> PresetPolicy(std::string_view preset, const DatasetSchema& schema, std::string_view unit) {
  std::string names;
  for (const PolicyPreset& each : kPresets) names += (names.empty() ? "" : ", ") + std::string(each.name);
  const auto known = [&](const PolicyPreset& each) { return each.name == preset; };
  if (std::none_of(kPresets.begin(), kPresets.end(), known)) {
    return InvalidArgument("the presets are " + names);
  }
  if (preset == "public_table") {
    if (!unit.empty()) return InvalidArgument("public_table protects nobody; leave the privacy unit out");
    return PublicTable(schema);
  }
  const SchemaColumn* person = unit.empty() ? nullptr : schema.Find(unit);
  if (person == nullptr) {
    return InvalidArgument("the preset needs a privacy unit: the column that says whom a row is about, one of " +
                           ColumnNames(schema));
  }
  if (person->type.kind == ColumnType::Kind::kDouble || person->type.kind == ColumnType::Kind::kBoolean) {
    return InvalidArgument(person->name + " is a " + person->type.ToString() + " and cannot identify people");
  }
  const Terms terms = TermsOf(preset);
  DatasetPolicy policy;
  policy.levels = terms.levels;
  policy.min_group_size = terms.min_group_size;
  policy.budget = terms.budget;
  policy.limits.runs = terms.runs;
  policy.privacy_unit = person->name;
  for (const SchemaColumn& column : schema.columns) {
    if (&column != person) policy.columns[column.name] = PresetColumn(column, terms);
  }
  policy.columns[person->name] = {.roles = {Role::kJoinKey}, .domain = std::string(kUnitDomain)};
  return policy;
}

}  // namespace cloister::agreement
