#include "sql/mend.h"

#include <algorithm>
#include <map>
#include <optional>

#include "sql/compile.h"
#include "sql/parse/tree_reader.h"

namespace cloister::sql {
namespace {

struct Mend {
  TextRange range;
  std::string text;
};

bool IsWordByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string(text);
}

// The text of a query with the places of its parentheses and strings.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text), closes_(text.size(), -1) {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\'' || text[i] == '"') {
        const char quote = text[i];
        while (++i < text.size() && text[i] != quote) {
        }
      } else if (text[i] == '(') {
        open.push_back(i);
      } else if (text[i] == ')' && !open.empty()) {
        closes_[open.back()] = static_cast<std::int64_t>(i);
        open.pop_back();
      }
    }
  }

  std::string Slice(TextRange range) const {
    return std::string(text_.substr(static_cast<std::size_t>(range.from),
                                    static_cast<std::size_t>(range.to - range.from)));
  }
  std::string With(const Mend& mend) const {
    return Slice({0, mend.range.from}) + mend.text + Slice({mend.range.to, static_cast<std::int64_t>(text_.size())});
  }
  TextRange Whole() const { return {0, static_cast<std::int64_t>(text_.size())}; }

  struct Call {
    std::string name;  // lower case
    std::string args;
    TextRange range;
  };
  // The innermost f(...) that holds the place, or begins there.
  std::optional<Call> CallAt(std::int64_t place) const {
    std::optional<Call> best;
    for (std::size_t i = 0; i < closes_.size(); ++i) {
      if (closes_[i] < 0) continue;
      std::size_t from = i;
      while (from > 0 && IsWordByte(text_[from - 1])) --from;
      if (from == i || static_cast<std::int64_t>(from) > place || closes_[i] < place) continue;
      const auto open = static_cast<std::int64_t>(i);
      best = Call{LowerCase(text_.substr(from, i - from)), Trimmed(Slice({open + 1, closes_[i]})),
                  {static_cast<std::int64_t>(from), closes_[i] + 1}};
    }
    return best;
  }
  std::optional<std::int64_t> OpenAfter(std::int64_t place) const {
    const std::size_t at = text_.find('(', static_cast<std::size_t>(place));
    return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<std::int64_t>(at));
  }
  // Every place where `words` stands, without regard to case.
  std::vector<TextRange> Find(std::string_view words) const {
    std::vector<TextRange> out;
    const std::string text = LowerCase(text_);
    for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) {
      const std::size_t end = at + words.size();
      const bool apart = (at == 0 || !IsWordByte(text[at - 1])) && (end == text.size() || !IsWordByte(text[end]));
      if (apart) out.push_back({static_cast<std::int64_t>(at), static_cast<std::int64_t>(end)});
    }
    return out;
  }

 private:
  std::string_view text_;
  std::vector<std::int64_t> closes_;  // by opening parenthesis
};

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return IsWordByte(c) || c == '.'; });
}

// Rule R06: an average, or a quantile where the owner allows one, in the place of single values.
void ForAggregate(const Source& source, const Finding& finding, std::vector<Mend>& out) {
  const auto call = source.CallAt(finding.range.from);
  if (!call) return;
  const std::string first = Trimmed(call->args.substr(0, call->args.find(',')));
  if (!IsName(first)) return;
  if (call->name == "max") out.push_back({call->range, "QUANTILE_CONT(" + first + ", 0.95)"});
  if (call->name == "min") out.push_back({call->range, "QUANTILE_CONT(" + first + ", 0.05)"});
  if (call->name.starts_with("quantile") || call->name.starts_with("percentile") || call->name == "approx_quantile") {
    const bool high = call->args.find("0.9") != std::string::npos;
    const bool middle = call->args.find("0.5") != std::string::npos;
    out.push_back({call->range, "QUANTILE_CONT(" + first + (middle ? ", 0.5)" : high ? ", 0.95)" : ", 0.05)")});
  }
  // Other functions are something else than a value of a group.
  constexpr std::string_view kValues[] = {"max",      "min",    "any_value",  "first",         "last",
                                          "arbitrary", "mode",   "first_value", "quantile",      "quantile_cont",
                                          "quantile_disc", "median", "mad",       "approx_quantile", "percentile_cont"};
  if (std::find(std::begin(kValues), std::end(kValues), call->name) != std::end(kValues))
    out.push_back({call->range, "AVG(" + first + ")"});
}

// SUM((age >= 65)::INT) is a conditional count.
void ForCondition(const Source& source, const Finding& finding, std::vector<Mend>& out) {
  const auto call = source.CallAt(finding.range.from);
  if (!call || call->args.empty()) return;
  // The condition's own parentheses make it the innermost "call" of none; look at the one around.
  const std::size_t cast = call->args.rfind(")::");
  if (call->name != "sum" || call->args[0] != '(' || cast == std::string::npos) return;
  out.push_back({call->range, "COUNT(*) FILTER (WHERE " + call->args.substr(1, cast - 1) + ")"});
}

// Only what both sides have may be asked for across owners.
void ForJoin(const Source& source, std::vector<Mend>& out) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"left outer join", "JOIN"}, {"right outer join", "JOIN"}, {"full outer join", "JOIN"}, {"left join", "JOIN"},
      {"right join", "JOIN"},      {"full join", "JOIN"},        {"anti join", "SEMI JOIN"},  {"not exists", "EXISTS"},
      {"not in", "IN"},            {"except", "INTERSECT"}};
  for (const auto& [words, instead] : kWords) {
    const auto places = source.Find(words);
    if (places.size() == 1) out.push_back({places[0], std::string(instead)});
  }
}

// How a column may leave its table: as a group, by its date, or averaged; nothing for keys and hidden columns.
std::optional<std::string> ItemOf(const std::string& written, const CompileRequest& request) {
  const std::size_t dot = written.rfind('.');
  const std::string name = dot == std::string::npos ? written : written.substr(dot + 1);
  for (const CompileDataset& dataset : request.datasets) {
    const auto* column = dataset.schema.Find(name);
    if (column == nullptr) continue;
    const auto& policy = dataset.policy.Column(column->name);
    if (policy.Is(agreement::Role::kDimension) || policy.Is(agreement::Role::kPublic)) {
      if (!policy.date_granularity) return written;
      return "date_trunc('" + std::string(DateGranularityName(*policy.date_granularity)) + "', " + written + ") AS " +
             name;
    }
    if (policy.Is(agreement::Role::kMeasure)) return "AVG(" + written + ") AS " + name;
  }
  return std::nullopt;
}

// Rows become groups: SELECT DISTINCT dimensions is the list of them, SELECT town, pay is the average pay of each.
void ForRows(const CompileRequest& request, const Source& source, std::vector<Mend>& out) {
  const auto selects = source.Find("select");
  const auto froms = source.Find("from");
  const bool plain = selects.size() == 1 && selects[0].from == 0 && froms.size() == 1 &&
                     source.Find("order by").empty() && source.Find("limit").empty() &&
                     source.Find("group by").empty();
  if (!plain) return;
  std::string items = Trimmed(source.Slice({selects[0].to, froms[0].from}));
  if (LowerCase(items).starts_with("distinct ")) items = Trimmed(items.substr(9));
  std::string list;
  for (std::size_t at = 0; at <= items.size();) {
    const std::size_t comma = std::min(items.find(',', at), items.size());
    const std::string item = Trimmed(items.substr(at, comma - at));
    const auto shown = IsName(item) ? ItemOf(item, request) : std::nullopt;
    if (!shown) return;
    list += (list.empty() ? "" : ", ") + *shown;
    at = comma + 1;
  }
  std::string rest = source.Slice({froms[0].from, source.Whole().to});
  while (!rest.empty() && (rest.back() == ';' || rest.back() == ' ' || rest.back() == '\n')) rest.pop_back();
  out.push_back({source.Whole(), "SELECT " + list + " " + rest + " GROUP BY ALL"});
}

// A key that stands in the select list and in GROUP BY is changed in both, and keeps its name.
void ForKey(const Source& source, const Finding& finding, std::vector<Mend>& out) {
  const std::string written = source.Slice(finding.range);
  if (!finding.fix || !IsName(written)) return;
  const auto places = source.Find(LowerCase(written));
  if (places.size() != 2) return;
  const std::string between = source.Slice({places[0].to, places[1].from});
  const std::size_t dot = written.rfind('.');
  const bool named = LowerCase(Trimmed(between)).starts_with("as ");
  const std::string name = named ? "" : " AS " + (dot == std::string::npos ? written : written.substr(dot + 1));
  out.push_back({{places[0].from, places[1].to}, *finding.fix + name + between + *finding.fix});
}

std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, corner + (a[i - 1] == b[j - 1] ? 0 : 1)});
      corner = above;
    }
  }
  return row[b.size()];
}

// The name of a dataset or column that was meant.
void ForName(const Source& source, const Finding& finding, const CompileRequest& request, std::vector<Mend>& out) {
  constexpr std::size_t kNameBytesMax = 64;
  constexpr std::size_t kSlipsMax = 2;
  std::string written = source.Slice(finding.range);
  std::int64_t from = finding.range.from;
  if (const std::size_t dot = written.rfind('.'); dot != std::string::npos) {
    from += static_cast<std::int64_t>(dot) + 1;
    written = written.substr(dot + 1);
  }
  if (!IsName(written) || written.size() > kNameBytesMax || written.size() <= kSlipsMax) return;
  std::map<std::size_t, std::string> near;  // by distance
  const auto look = [&](const std::string& name) {
    if (name.size() > kNameBytesMax) return;
    const std::size_t slips = Distance(LowerCase(written), LowerCase(name));
    if (slips >= 1 && slips <= kSlipsMax) near.emplace(slips, name);
  };
  for (const CompileDataset& dataset : request.datasets) {
    look(dataset.name);
    for (const auto& column : dataset.schema.columns) look(column.name);
  }
  for (const auto& [slips, name] : near) out.push_back({{from, finding.range.to}, name});
}

// cost.avg() is avg(cost).
void ForMethod(const Source& source, const Finding& finding, std::vector<Mend>& out) {
  const auto open = source.OpenAfter(finding.range.from);
  const auto call = open ? source.CallAt(*open) : std::nullopt;
  if (!call) return;
  std::int64_t from = call->range.from;
  const std::string before = source.Slice({0, from});
  std::size_t begin = before.size();
  while (begin > 0 && (IsWordByte(before[begin - 1]) || before[begin - 1] == '.')) --begin;
  if (begin + 1 >= before.size() || before.back() != '.') return;
  const std::string subject = before.substr(begin, before.size() - begin - 1);
  from = static_cast<std::int64_t>(begin);
  out.push_back({{from, call->range.to},
                 call->name + "(" + subject + (call->args.empty() ? "" : ", " + call->args) + ")"});
}

std::vector<Mend> Propose(const CompileRequest& request, const Source& source, const Finding& finding) {
  std::vector<Mend> out;
  if (finding.fix) {
    out.push_back({finding.range, *finding.fix});
    // A call's range ends at its last argument.
    if (const auto call = source.CallAt(finding.range.from); call && call->range.from == finding.range.from)
      out.push_back({call->range, *finding.fix});
  }
  if (finding.rule == "R06" || finding.rule == "R03") ForAggregate(source, finding, out);
  if (finding.rule == "R20") ForCondition(source, finding, out);
  if (finding.rule == "R11" || finding.rule == "R12") ForJoin(source, out);
  if (finding.rule == "R05") ForRows(request, source, out);
  if (finding.rule == "R10") ForKey(source, finding, out);
  if (finding.rule == "R02") ForName(source, finding, request, out);
  if (finding.rule == "R04") ForMethod(source, finding, out);
  return out;
}

// Every complaint of `left` was there before, and one is gone.
bool IsBetter(std::vector<Finding> left, const std::vector<Finding>& before) {
  if (left.size() >= before.size()) return false;
  std::vector<const Finding*> known;
  for (const Finding& finding : before) known.push_back(&finding);
  return std::all_of(left.begin(), left.end(), [&](const Finding& finding) {
    const auto same = std::find_if(known.begin(), known.end(), [&](const Finding* other) {
      return other != nullptr && other->rule == finding.rule && other->message == finding.message;
    });
    if (same == known.end()) return false;
    *same = nullptr;
    return true;
  });
}

}  // namespace

namespace {

// As far as both are known. "max(cost)" is what a query that does not name its column is told of how it is made.
bool KeepsColumns(const Tried& original, const Tried& mended) {
  if (!original.columns || !mended.columns) return true;
  return std::ranges::equal(*original.columns, *mended.columns, [](const std::string& a, const std::string& b) {
    return a == b || (a.ends_with(')') && b.ends_with(')'));
  });
}

// All at once, from the last to the first; nothing where two stand in one place.
std::optional<std::string> Together(const std::string& text, const std::vector<std::optional<Mend>>& mends) {
  std::vector<const Mend*> sorted;
  for (const auto& mend : mends) {
    if (mend) sorted.push_back(&*mend);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Mend* a, const Mend* b) { return a->range.from > b->range.from; });
  std::string out = text;
  std::int64_t end = static_cast<std::int64_t>(text.size());
  for (const Mend* mend : sorted) {
    if (mend->range.to > end) return std::nullopt;
    out.replace(static_cast<std::size_t>(mend->range.from),
                static_cast<std::size_t>(mend->range.to - mend->range.from), mend->text);
    end = mend->range.from;
  }
  return out;
}

}  // namespace

std::vector<Finding> WithMends(const CompileRequest& request, Tried original, const MendTrial& trial) {
  const std::vector<Finding> before = std::move(original.findings);
  std::vector<Finding> findings = before;
  const Source source(request.text);
  int trials = request.text.size() <= kMendTextBytesMax ? kMendTrialsMax : 0;
  std::vector<std::optional<Mend>> whole(findings.size());  // alone it mends the query
  std::vector<std::optional<Mend>> parts(findings.size());  // with the others' it may
  for (std::size_t i = 0; i < findings.size() && trials > 0; ++i) {
    for (const Mend& mend : Propose(request, source, before[i])) {
      if (trials-- <= 0) break;
      const Tried tried = trial(source.With(mend));
      if (!KeepsColumns(original, tried)) continue;
      const std::vector<Finding>& left = tried.findings;
      if (left.empty()) whole[i] = mend;
      if (!parts[i] && (left.empty() || IsBetter(left, before))) parts[i] = mend;
      if (left.empty()) break;
    }
  }
  const bool all = std::all_of(parts.begin(), parts.end(), [](const auto& mend) { return mend.has_value(); });
  const auto together = all && findings.size() > 1 ? Together(request.text, parts) : std::nullopt;
  if (together) {
    const Tried tried = trial(*together);
    if (tried.findings.empty() && KeepsColumns(original, tried)) whole = parts;
  }
  for (std::size_t i = 0; i < findings.size(); ++i) {
    findings[i].fix.reset();
    if (!whole[i]) continue;
    const TextRange range = whole[i]->range;
    findings[i].range = range;
    findings[i].line = 1 + std::count(request.text.begin(), request.text.begin() + range.from, '\n');
    findings[i].fix = whole[i]->text;
  }
  return findings;
}

}  // namespace cloister::sql
