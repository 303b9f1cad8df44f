#include "cli/query_words.h"

#include <algorithm>
#include <array>

#include "cli/printable.h"
#include "cli/server_json.h"
#include "cli/table.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kCaretsMax = 60;

struct Place {
  std::size_t line_begin = 0;
  std::size_t line_end = 0;
  std::size_t line = 1;
  std::size_t column = 1;  // in characters, from 1
};

Place PlaceOf(const std::string& text, std::size_t offset) {
  Place place;
  offset = std::min(offset, text.size());
  for (std::size_t i = 0; i < offset; ++i) {
    if (text[i] != '\n') continue;
    ++place.line;
    place.line_begin = i + 1;
  }
  place.line_end = std::min(text.find('\n', place.line_begin), text.size());
  place.column = DisplayWidth(Printable(text.substr(place.line_begin, offset - place.line_begin))) + 1;
  return place;
}

// The offsets are somebody else's word: they may lie anywhere.
std::string Caret(const std::string& text, const Place& place, std::size_t from, std::size_t to) {
  const std::size_t begin = std::min(from, place.line_end);
  const std::size_t end = std::clamp(to, begin, place.line_end);
  const std::size_t length = DisplayWidth(Printable(text.substr(begin, end - begin)));
  return std::string(place.column - 1, ' ') + std::string(std::clamp<std::size_t>(length, 1, kCaretsMax), '^');
}

std::string Sentence(const agreement::ReportFinding& finding) {
  std::string out = Printable(finding.rule) + " " + Printable(finding.message);
  if (!finding.owner.empty()) out += " (rule of " + Printable(finding.owner) + ")";
  out += "\n";
  return out;
}

std::string RenderFinding(const agreement::ReportFinding& finding, const QuerySource& source) {
  const auto from = static_cast<std::size_t>(std::max<std::int64_t>(finding.from, 0));
  const auto to = static_cast<std::size_t>(std::max<std::int64_t>(finding.to, 0));
  const std::string mend = finding.fix ? "  mend: " + Printable(*finding.fix) + "\n" : "";
  // About all of it: a caret would point at nothing.
  if (from == 0 && (to == 0 || to >= source.text.size())) return source.name + ": " + Sentence(finding) + mend;
  const Place place = PlaceOf(source.text, from);
  return source.name + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " +
         Sentence(finding) + "    " +
         Printable(source.text.substr(place.line_begin, place.line_end - place.line_begin)) + "\n    " +
         Caret(source.text, place, from, to) + "\n" + mend;
}

std::string Words(std::string_view member_name) {
  std::string words(member_name);
  std::ranges::replace(words, '_', ' ');
  return Printable(words);
}

std::string Scalar(const codec::Json& value) {
  if (value.is_string()) return PrintableLines(std::string_view(value.get_string()));
  return value.is_null() ? "none" : codec::CanonicalJson(value);
}

bool IsScalar(const codec::Json& value) { return !value.is_object() && !value.is_array(); }

// Depth is bounded by the parser's.
void RenderValue(const codec::Json& value, const std::string& indent, std::string& out);

void RenderMembers(const codec::JsonObject& object, const std::string& indent, std::string& out) {
  for (const auto& member : object) {
    const std::string name = Words(std::string_view(member.key().data(), member.key().size()));
    if (IsScalar(member.value())) {
      out += indent + name + ": " + Scalar(member.value()) + "\n";
    } else {
      out += indent + name + ":\n";
      RenderValue(member.value(), indent + "  ", out);
    }
  }
}

// An object in a list: its scalars on one line, for lineage such as "input: visits.cost, role: AGGREGATION".
std::string OneLine(const codec::JsonObject& object) {
  std::string out;
  for (const auto& member : object) {
    if (!IsScalar(member.value())) continue;
    out += (out.empty() ? "" : ", ") + Words(std::string_view(member.key().data(), member.key().size())) + ": " +
           Scalar(member.value());
  }
  return out;
}

void RenderItem(const codec::Json& item, const std::string& indent, std::string& out) {
  if (IsScalar(item)) {
    out += indent + "- " + Scalar(item) + "\n";
    return;
  }
  const auto* object = item.if_object();
  if (object == nullptr) {
    RenderValue(item, indent + "  ", out);
    return;
  }
  out += indent + "- " + OneLine(*object) + "\n";
  codec::JsonObject rest;
  for (const auto& member : *object) {
    if (!IsScalar(member.value())) rest[member.key()] = member.value();
  }
  RenderMembers(rest, indent + "  ", out);
}

void RenderValue(const codec::Json& value, const std::string& indent, std::string& out) {
  if (const auto* object = value.if_object()) return RenderMembers(*object, indent, out);
  for (const codec::Json& item : value.get_array()) RenderItem(item, indent, out);
}

// The members that RenderReport has words of its own for. `level` stands among the facts above every report.
constexpr std::array<std::string_view, 6> kShownMembers = {"words",    "protections", "columns",
                                                           "datasets", "lineage",     "level"};

std::string Heading(const std::string& text, const OutputStyle& style) {
  return (style.colour ? "\x1b[1m" + text + "\x1b[0m" : text) + "\n";
}

std::string Bullets(const codec::Json& report, std::string_view name) {
  std::string out;
  for (const codec::Json& each : ArrayAt(report, name)) out += "  - " + Scalar(each) + "\n";
  return out.empty() ? "  - nothing\n" : out;
}

std::string AnswerColumns(const codec::Json& report) {
  std::string out;
  for (const codec::Json& column : ArrayAt(report, "columns")) {
    out += (out.empty() ? "  " : ", ") + Printable(TextAt(column, "name")) + " " + Printable(TextAt(column, "type"));
  }
  return out + "\n";
}

std::string DatasetLabel(const codec::Json& report, const std::string& id) {
  for (const codec::Json& dataset : ArrayAt(report, "datasets")) {
    if (TextAt(dataset, "id") == id) return Printable(TextAt(dataset, "name"));
  }
  return Printable(id);
}

std::string Lineage(const codec::Json& report, const OutputStyle& style) {
  Table table({{"  COLUMN"}, {"ROLE"}, {"REACHES"}, {"RULE"}});
  for (const codec::Json& edge : ArrayAt(report, "lineage")) {
    const std::string output = TextAt(edge, "output");
    table.Add({"  " + DatasetLabel(report, TextAt(edge, "dataset")) + "." + Printable(TextAt(edge, "column")),
               Printable(TextAt(edge, "role")), output == "*" ? "which rows count" : Printable(output),
               Printable(TextAt(edge, "rule"))});
  }
  return table.rows() == 0 ? "" : table.Render(style);
}

}  // namespace

std::vector<agreement::ReportFinding> ReadViolations(const codec::JsonArray& violations) {
  std::vector<agreement::ReportFinding> findings;
  for (const codec::Json& each : violations) {
    agreement::ReportFinding finding{.rule = TextAt(each, "rule"),
                                     .owner = TextAt(each, "owner"),
                                     .severity = TextAt(each, "severity"),
                                     .from = IntegerAt(each, "from"),
                                     .to = IntegerAt(each, "to"),
                                     .line = IntegerAt(each, "line", 1),
                                     .message = TextAt(each, "message"),
                                     .fix = std::nullopt};
    if (const std::string fix = TextAt(each, "fix"); !fix.empty()) finding.fix = fix;
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::string RenderFindings(const std::vector<agreement::ReportFinding>& findings, const QuerySource& source) {
  std::string out;
  for (const agreement::ReportFinding& finding : findings) out += RenderFinding(finding, source);
  return out;
}

std::string RenderObject(const codec::JsonObject& object) {
  std::string out;
  RenderMembers(object, "", out);
  return out;
}

std::string RenderReport(const codec::JsonObject& report, const OutputStyle& style) {
  std::string out = Heading("what it does", style) + Bullets(report, "words") + Heading("protections", style) +
                    Bullets(report, "protections") + Heading("answer", style) + AnswerColumns(report) +
                    Heading("which column reaches what", style) + Lineage(report, style);
  codec::JsonObject rest;
  for (const auto& member : report) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::ranges::find(kShownMembers, name) == kShownMembers.end()) rest[member.key()] = member.value();
  }
  if (!rest.empty()) out += Heading("also", style) + RenderObject(rest);
  return out;
}

std::string PersonName(const agreement::Charter& charter, const agreement::Thumbprint& thumbprint) {
  const agreement::Participant* person = charter.Find(thumbprint);
  if (person == nullptr) return thumbprint;
  return Printable(person->email) + (person->organisation.empty() ? "" : " (" + Printable(person->organisation) + ")");
}

std::string PeopleNames(const agreement::Charter& charter, const std::vector<agreement::Thumbprint>& people) {
  std::string out;
  for (const auto& person : people) out += (out.empty() ? "" : ", ") + PersonName(charter, person);
  return out.empty() ? "nobody" : out;
}

std::string ChargeWords(const agreement::Charge& charge, const std::string& dataset_name) {
  std::string out =
      Printable(dataset_name) + ": " + std::to_string(charge.runs) + (charge.runs == 1 ? " run" : " runs");
  if (charge.epsilon > 0) {
    out += ", epsilon " + codec::CanonicalJson(charge.epsilon) + ", delta " + codec::CanonicalJson(charge.delta);
  }
  if (charge.rho > 0) out += ", rho " + codec::CanonicalJson(charge.rho);
  return out;
}

}  // namespace cloister::cli
