#include "agreement/query_template.h"

#include <algorithm>
#include <cmath>

#include "agreement/fields.h"
#include "base/clock.h"

namespace cloister::agreement {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using codec::ObjectReader;

constexpr std::size_t kTemplateNameBytesMax = 200;
constexpr std::size_t kParameterNameBytesMax = 128;
constexpr std::size_t kValueBytesMax = 1024;
constexpr double kNumberMax = 1e300;
constexpr double kStepTolerance = 1e-9;  // of a step: decimal fractions are not exact

std::optional<double> NumberOf(const Json& json) {
  if (json.is_int64()) return static_cast<double>(json.get_int64());
  if (json.is_double()) return json.get_double();
  return std::nullopt;
}

// YYYY-MM-DD of a day that exists; such texts sort as their days do.
bool IsDate(std::string_view text) {
  return text.size() == 10 && ParseRfc3339(std::string(text) + "T00:00:00Z").has_value();
}

ParameterRange::Numbers ReadNumbers(ObjectReader& in) {
  ParameterRange::Numbers numbers{.min = in.Number("min", -kNumberMax, kNumberMax),
                                  .max = in.Number("max", -kNumberMax, kNumberMax),
                                  .step = in.OptionalNumber("step", 0, kNumberMax)};
  if (numbers.min > numbers.max) in.Fail("max", "must not be less than min");
  if (numbers.step && !(*numbers.step > 0)) in.Fail("step", "must be above 0");
  return numbers;
}

ParameterRange::Dates ReadDates(ObjectReader& in) {
  ParameterRange::Dates dates{.earliest = in.String("earliest", 10), .latest = in.String("latest", 10)};
  if (!IsDate(dates.earliest)) in.Fail("earliest", "must be a date such as 2026-11-22");
  if (!IsDate(dates.latest)) in.Fail("latest", "must be a date such as 2026-11-22");
  if (dates.earliest > dates.latest) in.Fail("latest", "must not be before earliest");
  return dates;
}

std::vector<Json> ReadValues(ObjectReader& in) {
  std::vector<Json> values;
  for (const Json& value : in.Array("values", kTemplateValuesMax)) {
    const bool text = value.is_string() && value.get_string().size() <= kValueBytesMax;
    if (!text && !value.is_bool() && !NumberOf(value)) in.Fail("values", "must hold short texts, numbers and booleans");
    values.push_back(value);
  }
  if (values.empty()) in.Fail("values", "must hold a value");
  return values;
}

Result<ParameterRange> DecodeRange(const Json& json, const std::string& where) {
  ObjectReader in(json, where);
  ParameterRange range;
  if (in.Has("values")) {
    range.values = ReadValues(in);
  } else if (in.Has("earliest") || in.Has("latest")) {
    range.dates = ReadDates(in);
  } else {
    range.numbers = ReadNumbers(in);
  }
  CLOISTER_TRY(in.Finish());
  return range;
}

Json EncodeRange(const ParameterRange& range) {
  if (range.values) return JsonObject{{"values", JsonArray(range.values->begin(), range.values->end())}};
  if (range.dates) return JsonObject{{"earliest", range.dates->earliest}, {"latest", range.dates->latest}};
  JsonObject out{{"min", range.numbers->min}, {"max", range.numbers->max}};
  if (range.numbers->step) out["step"] = *range.numbers->step;
  return out;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// What is wrong with the parameters of a query that is this template.
std::optional<std::string> ParameterObstacle(const QueryTemplate& known, const JsonObject& parameters) {
  for (const auto& [name, range] : known.parameters) {
    const Json* value = parameters.if_contains(name);
    if (value == nullptr) return "the template '" + known.name + "' needs the parameter '" + name + "'";
    if (!range.Admits(*value)) {
      return "the template '" + known.name + "' admits for '" + name + "' " + range.Words();
    }
  }
  for (const auto& parameter : parameters) {
    const std::string name(parameter.key());
    if (!known.parameters.contains(name)) return "the template '" + known.name + "' has no parameter '" + name + "'";
  }
  return std::nullopt;
}

}  // namespace

bool ParameterRange::Admits(const Json& value) const {
  if (values) {
    const auto same = [&](const Json& each) { return codec::CanonicalJson(each) == codec::CanonicalJson(value); };
    return std::any_of(values->begin(), values->end(), same);
  }
  if (dates) {
    if (!value.is_string()) return false;
    const std::string_view text(value.get_string());
    return IsDate(text) && dates->earliest <= text && text <= dates->latest;
  }
  const auto number = NumberOf(value);
  if (!number || !(*number >= numbers->min) || !(*number <= numbers->max)) return false;
  if (!numbers->step) return true;
  const double steps = (*number - numbers->min) / *numbers->step;
  return std::fabs(steps - std::round(steps)) <= kStepTolerance * std::max(1.0, std::fabs(steps));
}

std::string ParameterRange::Words() const {
  if (values) return "one of " + codec::CanonicalJson(JsonArray(values->begin(), values->end()));
  if (dates) return "a date from " + dates->earliest + " to " + dates->latest;
  std::string words = "a number from " + codec::CanonicalJson(numbers->min) + " to ";
  words += codec::CanonicalJson(numbers->max);
  if (numbers->step) words += " in steps of " + codec::CanonicalJson(*numbers->step);
  return words;
}

Result<QueryTemplate> DecodeQueryTemplate(const Json& json, const std::string& where) {
  ObjectReader in(json, where);
  QueryTemplate query{.name = ReadText(in, "name", {.bytes_max = kTemplateNameBytesMax}),
                      .text = ReadText(in, "text", {.bytes_max = kTemplateTextBytesMax, .kind = TextKind::kLines}),
                      .parameters = {}};
  const Json* parameters = in.OptionalAny("parameters");
  if (parameters != nullptr && !parameters->is_object()) in.Fail("parameters", "must be an object");
  CLOISTER_TRY(in.Finish());
  if (parameters == nullptr) return query;
  if (parameters->get_object().size() > kTemplateParametersMax) {
    return InvalidArgument(where + ".parameters must be at most " + std::to_string(kTemplateParametersMax));
  }
  for (const auto& parameter : parameters->get_object()) {
    const std::string name(parameter.key());
    if (name.empty() || name.size() > kParameterNameBytesMax || !IsShowable(name, TextKind::kLine)) {
      return InvalidArgument(where + ".parameters holds a name that is empty, too long or not plain text");
    }
    CLOISTER_ASSIGN(query.parameters[name], DecodeRange(parameter.value(), where + ".parameters." + name));
  }
  return query;
}

Json EncodeQueryTemplate(const QueryTemplate& query) {
  JsonObject parameters;
  for (const auto& [name, range] : query.parameters) parameters[name] = EncodeRange(range);
  return JsonObject{{"name", query.name}, {"text", query.text}, {"parameters", std::move(parameters)}};
}

std::optional<std::string> TemplateObstacle(const std::vector<QueryTemplate>& templates, std::string_view text,
                                            const JsonObject& parameters) {
  std::optional<std::string> obstacle;
  std::string names;
  for (const QueryTemplate& known : templates) {
    names += (names.empty() ? "" : ", ") + known.name;
    if (Trimmed(known.text) != Trimmed(text)) continue;
    obstacle = ParameterObstacle(known, parameters);
    if (!obstacle) return std::nullopt;
  }
  if (obstacle) return obstacle;
  if (names.empty()) return "the owner allows templates only, and has written none";
  return "the owner allows these templates only, word for word: " + names;
}

}  // namespace cloister::agreement
