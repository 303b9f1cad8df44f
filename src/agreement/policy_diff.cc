#include "agreement/policy_diff.h"

#include <algorithm>

namespace cloister::agreement {
namespace {

using Kind = PolicyChange::Kind;

std::string Number(double value) { return codec::CanonicalJson(codec::Json(value)); }
std::string Number(std::int64_t value) { return std::to_string(value); }

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "nothing" : text;
}

std::string RoleNames(const std::set<Role>& roles) {
  std::vector<std::string> names;
  for (const Role role : roles) names.emplace_back(RoleName(role));
  return Joined(names);
}

std::string StepNames(const std::vector<GeneralisationStep>& steps) {
  std::vector<std::string> names;
  for (const GeneralisationStep& step : steps) names.push_back(step.width ? Number(*step.width) : step.text);
  return Joined(names);
}

class Changes {
 public:
  void Add(Kind kind, std::string words) { changes_.push_back({kind, std::move(words)}); }
  void Looser(bool looser, std::string words) { Add(looser ? Kind::kLooser : Kind::kStricter, std::move(words)); }

  // A limit whose greater values allow more; absent allows everything.
  template <typename Value>
  void Ceiling(const std::string& what, const std::optional<Value>& from, const std::optional<Value>& to) {
    if (from == to) return;
    const bool looser = !to || (from && *from < *to);
    Looser(looser, what + ": " + (to ? Number(*to) : "without limit") + ", not " +
                       (from ? Number(*from) : "without limit"));
  }

  std::vector<PolicyChange> Sorted() && {
    std::stable_sort(changes_.begin(), changes_.end(), [](const PolicyChange& a, const PolicyChange& b) {
      const auto weight = [](Kind kind) { return kind == Kind::kLooser ? 0 : kind == Kind::kOther ? 1 : 2; };
      return weight(a.kind) < weight(b.kind);
    });
    return std::move(changes_);
  }

 private:
  std::vector<PolicyChange> changes_;
};

void DiffLevels(const DatasetPolicy& from, const DatasetPolicy& to, Changes& out) {
  for (const Level level : to.levels) {
    if (!from.levels.contains(level)) out.Add(Kind::kLooser, "level " + std::string(LevelName(level)) + " is granted");
  }
  for (const Level level : from.levels) {
    if (!to.levels.contains(level))
      out.Add(Kind::kStricter, "level " + std::string(LevelName(level)) + " is no longer granted");
  }
}

void DiffUnit(const DatasetPolicy& from, const DatasetPolicy& to, Changes& out) {
  if (from.privacy_unit != to.privacy_unit) {
    const auto who = [](const DatasetPolicy& policy) {
      return policy.privacy_unit ? "each " + *policy.privacy_unit : std::string("nobody");
    };
    const Kind kind = !to.privacy_unit ? Kind::kLooser : !from.privacy_unit ? Kind::kStricter : Kind::kOther;
    out.Add(kind, "protected is " + who(to) + ", not " + who(from));
  }
  if (from.min_group_size != to.min_group_size) {
    out.Looser(to.min_group_size < from.min_group_size, "groups need " + Number(to.min_group_size) + " people, not " +
                                                            Number(from.min_group_size));
  }
}

void DiffBudget(const PrivacyBudget& from, const PrivacyBudget& to, Changes& out) {
  const auto more = [&](const std::string& what, double before, double after) {
    if (before != after) out.Looser(after > before, what + ": " + Number(after) + ", not " + Number(before));
  };
  more("epsilon in all", from.epsilon_budget, to.epsilon_budget);
  more("delta in all", from.delta_budget, to.delta_budget);
  more("epsilon of one query", from.epsilon_per_query, to.epsilon_per_query);
  more("delta of one query", from.delta_per_query, to.delta_per_query);
  // More of a person's rows count, and the noise grows with them: exacter for others, no leak of him.
  const auto other = [&](const std::string& what, std::int64_t before, std::int64_t after) {
    if (before != after) out.Add(Kind::kOther, what + ": " + Number(after) + ", not " + Number(before));
  };
  other("groups that one person counts in", from.max_groups_contributed, to.max_groups_contributed);
  if (from.accounting != to.accounting) {
    const bool sums = to.accounting == BudgetAccounting::kSums;
    out.Add(Kind::kOther,
            std::string("charges add up ") + (sums ? "as sums of epsilon" : "as zCDP: more small queries"));
  }
  other("rows of one person that count", from.max_rows_per_unit, to.max_rows_per_unit);
}

// Which rows are left out is no question of strictness: each row shown is one of k either way.
void DiffAnonymity(const DatasetPolicy& from, const DatasetPolicy& to, Changes& out) {
  if (from.suppression_limit == to.suppression_limit) return;
  out.Add(Kind::kOther, "the share of rows that a release of rows may leave out: " + Number(to.suppression_limit) +
                            ", not " + Number(from.suppression_limit));
}

void DiffTemplates(const RunLimits& from, const RunLimits& to, Changes& out) {
  const auto find = [](const RunLimits& limits, const std::string& name) -> const QueryTemplate* {
    for (const QueryTemplate& each : limits.templates) {
      if (each.name == name) return &each;
    }
    return nullptr;
  };
  for (const QueryTemplate& each : to.templates) {
    const QueryTemplate* before = find(from, each.name);
    if (before == nullptr) out.Add(Kind::kLooser, "the template '" + each.name + "' is added");
    if (before != nullptr && before->text != each.text)
      out.Add(Kind::kLooser, "the template '" + each.name + "' has another text");
    if (before != nullptr && before->text == each.text && before->parameters != each.parameters)
      out.Add(Kind::kOther, "the template '" + each.name + "' has other parameter ranges");
  }
  for (const QueryTemplate& each : from.templates) {
    if (find(to, each.name) == nullptr) out.Add(Kind::kStricter, "the template '" + each.name + "' is gone");
  }
}

void DiffLimits(const RunLimits& from, const RunLimits& to, Changes& out) {
  out.Ceiling("runs", from.runs, to.runs);
  const auto when = [](const std::optional<Instant>& time) { return time ? FormatRfc3339(*time) : "always"; };
  if (from.not_before != to.not_before) {
    const bool looser = !to.not_before || (from.not_before && *to.not_before < *from.not_before);
    out.Looser(looser, "may be read from: " + when(to.not_before) + ", not " + when(from.not_before));
  }
  if (from.not_after != to.not_after) {
    const bool looser = !to.not_after || (from.not_after && *from.not_after < *to.not_after);
    out.Looser(looser, "may be read until: " + when(to.not_after) + ", not " + when(from.not_after));
  }
  if (from.templates_only != to.templates_only) {
    out.Looser(from.templates_only, to.templates_only ? "only templates may be asked"
                                                      : "any query may be asked, not templates only");
  }
  DiffTemplates(from, to, out);
}

void DiffPeople(const std::string& what, const std::optional<std::vector<std::string>>& from,
                const std::optional<std::vector<std::string>>& to, Changes& out) {
  const std::string everybody = "every participant";
  if (from == to) return;
  if (!from || !to) {
    out.Looser(!to, what + ": " + (to ? Joined(*to) : everybody) + ", not " + (from ? Joined(*from) : everybody));
    return;
  }
  const auto holds = [](const std::vector<std::string>& list, const std::string& who) {
    return std::find(list.begin(), list.end(), who) != list.end();
  };
  const std::size_t before = from->size();
  std::size_t kept = 0;
  for (const std::string& who : *to) {
    if (!holds(*from, who)) out.Add(Kind::kLooser, what + ": " + who + " comes in");
  }
  for (const std::string& who : *from) {
    if (holds(*to, who)) ++kept;
    if (!holds(*to, who)) out.Add(Kind::kStricter, what + ": " + who + " goes out");
  }
  if (kept == before && kept == to->size()) out.Add(Kind::kOther, what + ": the same people in another order");
}

// How much the roles let out: hidden nothing, public everything; others are compared by what is there.
Kind RoleKind(const std::set<Role>& from, const std::set<Role>& to) {
  if (from.contains(Role::kHidden) || to.contains(Role::kPublic)) return Kind::kLooser;
  if (to.contains(Role::kHidden) || from.contains(Role::kPublic)) return Kind::kStricter;
  if (std::includes(to.begin(), to.end(), from.begin(), from.end())) return Kind::kLooser;
  if (std::includes(from.begin(), from.end(), to.begin(), to.end())) return Kind::kStricter;
  // A key is never shown, what it becomes instead may be.
  if (from.contains(Role::kJoinKey)) return Kind::kLooser;
  return Kind::kOther;
}

// A step of values or filters: a finer one lets out more; none on a measure lets nothing be filtered.
void DiffFilterGrid(const std::string& name, const ColumnPolicy& from, const ColumnPolicy& to, Changes& out) {
  if (from.filter_grid == to.filter_grid) return;
  const auto words = [](const std::optional<double>& grid) {
    return grid ? "by steps of " + Number(*grid) : std::string("not at all");
  };
  const bool looser = !from.filter_grid || (to.filter_grid && *to.filter_grid < *from.filter_grid);
  out.Looser(looser, name + ": filtered " + words(to.filter_grid) + ", before " + words(from.filter_grid));
}

void DiffBounds(const std::string& name, const ColumnPolicy& from, const ColumnPolicy& to, Changes& out) {
  if (from.bounds == to.bounds) return;
  const auto words = [](const std::optional<Bounds>& bounds) {
    return bounds ? Number(bounds->min) + " to " + Number(bounds->max) : std::string("not stated");
  };
  // Narrower bounds protect the largest values better and bend the sums; neither is simply looser.
  out.Add(Kind::kOther, name + ": bounds " + words(to.bounds) + ", before " + words(from.bounds));
}

// More entropy protects better, and less distance.
void DiffMixture(const std::string& name, const ColumnPolicy& from, const ColumnPolicy& to, Changes& out) {
  const auto words = [](const std::optional<double>& number) { return number ? Number(*number) : "nothing"; };
  const auto change = [&](const std::string& what, const std::optional<double>& before,
                          const std::optional<double>& after, bool looser) {
    if (before != after)
      out.Looser(looser, name + ": " + what + " " + words(after) + " in each released class, not " + words(before));
  };
  change("values as mixed as", from.entropy_l_diversity, to.entropy_l_diversity,
         to.entropy_l_diversity.value_or(1) < from.entropy_l_diversity.value_or(1));
  change("a distance to the whole of at most", from.t_closeness, to.t_closeness,
         to.t_closeness.value_or(1) > from.t_closeness.value_or(1));
}

void DiffMarks(const std::string& name, const ColumnPolicy& from, const ColumnPolicy& to, Changes& out) {
  if (from.quasi_identifier != to.quasi_identifier) {
    out.Looser(from.quasi_identifier,
               name + (to.quasi_identifier ? ": is a quasi-identifier" : ": is no longer a quasi-identifier"));
  }
  if (from.sensitive != to.sensitive)
    out.Looser(from.sensitive, name + (to.sensitive ? ": is sensitive" : ": is no longer sensitive"));
  if (from.quantiles != to.quantiles) {
    out.Looser(to.quantiles, name + (to.quantiles ? ": quantiles are allowed" : ": quantiles are no longer allowed"));
  }
  DiffMixture(name, from, to, out);
  const std::int64_t least = from.l_diversity.value_or(1);
  const std::int64_t now = to.l_diversity.value_or(1);
  if (from.l_diversity != to.l_diversity) {
    const std::string words = name + ": each released class shows at least " + Number(now) + " values, not " +
                              Number(least);
    if (least == now)
      out.Add(Kind::kOther, words);
    else
      out.Looser(now < least, words);
  }
}

// What everybody may know that there is.
void DiffPublicValues(const std::string& name, const ColumnPolicy& from, const ColumnPolicy& to, Changes& out) {
  if (from.public_values == to.public_values) return;
  const auto holds = [](const codec::JsonArray& list, const codec::Json& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  const auto lacks = [&](const codec::JsonArray& some, const codec::JsonArray& others) {
    return std::any_of(some.begin(), some.end(), [&](const codec::Json& value) { return !holds(others, value); });
  };
  const Kind kind = lacks(to.public_values, from.public_values)   ? Kind::kLooser
                    : lacks(from.public_values, to.public_values) ? Kind::kStricter
                                                                  : Kind::kOther;
  out.Add(kind, name + ": " + Number(static_cast<std::int64_t>(to.public_values.size())) +
                    " values that everybody may know, before " +
                    Number(static_cast<std::int64_t>(from.public_values.size())));
}

void DiffSteps(const std::string& name, const ColumnPolicy& from, const ColumnPolicy& to, Changes& out) {
  if (from.granularity != to.granularity) {
    const auto words = [](const std::optional<double>& step) { return step ? Number(*step) : "not stated"; };
    out.Add(Kind::kOther,
            name + ": its finest step is " + words(to.granularity) + ", before " + words(from.granularity));
  }
  if (from.date_granularity != to.date_granularity) {
    const DateGranularity before = from.date_granularity.value_or(DateGranularity::kYear);
    const DateGranularity after = to.date_granularity.value_or(DateGranularity::kYear);
    const std::string words = name + ": dates by " + std::string(DateGranularityName(after)) + ", not by " +
                              std::string(DateGranularityName(before));
    if (before == after)
      out.Add(Kind::kOther, name + ": dates by " + std::string(DateGranularityName(after)) + ", as without saying it");
    else
      out.Looser(after < before, words);
  }
  if (from.kanon_band != to.kanon_band) {
    const auto words = [](const std::optional<double>& band) { return band ? Number(*band) : std::string("none"); };
    const bool looser = !from.kanon_band || (to.kanon_band && *to.kanon_band < *from.kanon_band);
    out.Looser(looser, name + ": bands of " + words(to.kanon_band) + " in releases, before " + words(from.kanon_band));
  }
  if (from.generalise != to.generalise)
    out.Add(Kind::kOther, name + ": generalised by " + StepNames(to.generalise) + ", before " +
                              StepNames(from.generalise));
  if (from.hierarchy != to.hierarchy)
    out.Add(Kind::kOther, name + ": hierarchy " + StepNames(to.hierarchy) + ", before " + StepNames(from.hierarchy));
}

void DiffColumn(const std::string& name, const ColumnPolicy& from, const ColumnPolicy& to, Changes& out) {
  if (from == to) return;
  if (from.roles != to.roles)
    out.Add(RoleKind(from.roles, to.roles), name + ": " + RoleNames(to.roles) + ", not " + RoleNames(from.roles));
  if (from.roles != to.roles && to.Is(Role::kHidden)) return;  // whatever else is written of it says nothing
  if (from.domain != to.domain) {
    const auto words = [](const std::string& domain) { return domain.empty() ? "no domain" : "the domain " + domain; };
    const Kind kind = from.domain.empty() ? Kind::kLooser : to.domain.empty() ? Kind::kStricter : Kind::kOther;
    out.Add(kind, name + ": joins in " + words(to.domain) + ", not in " + words(from.domain));
  }
  DiffFilterGrid(name, from, to, out);
  DiffBounds(name, from, to, out);
  DiffMarks(name, from, to, out);
  DiffSteps(name, from, to, out);
  DiffPublicValues(name, from, to, out);
}

}  // namespace

std::string_view PolicyChangeKindName(Kind kind) {
  switch (kind) {
    case Kind::kLooser: return "looser";
    case Kind::kStricter: return "stricter";
    case Kind::kOther: return "other";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a kind of change outside its enumeration");
}

std::vector<PolicyChange> DiffPolicy(const DatasetPolicy& from, const DatasetPolicy& to) {
  Changes out;
  DiffLevels(from, to, out);
  DiffUnit(from, to, out);
  DiffBudget(from.budget, to.budget, out);
  DiffAnonymity(from, to, out);
  DiffLimits(from.limits, to.limits, out);
  DiffPeople("may ask", from.may_query, to.may_query, out);
  DiffPeople("may receive", from.may_receive, to.may_receive, out);
  std::set<std::string> names;
  for (const auto& [name, column] : from.columns) names.insert(name);
  for (const auto& [name, column] : to.columns) names.insert(name);
  for (const std::string& name : names) DiffColumn(name, from.Column(name), to.Column(name), out);
  // Columns that are hidden by name and by silence are the same promise in other bytes.
  auto changes = std::move(out).Sorted();
  if (changes.empty() && from != to) changes.push_back({Kind::kOther, "the same in other words"});
  return changes;
}

DatasetPolicy NothingAllowed() {
  DatasetPolicy policy;
  policy.levels.clear();
  policy.limits.runs = 0;
  policy.may_query.emplace();
  policy.may_receive.emplace();
  return policy;
}

}  // namespace cloister::agreement
