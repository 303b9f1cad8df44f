#pragma once

// A query that an owner wrote down beforehand: with `templates_only`, nothing else may be asked of his dataset. The
// text is compared byte for byte (space around it aside), and each parameter must lie in the range that he wrote
// beside it: a template whose constant could be anything would be no template.
//
//   {"name":"by_ward","text":"SELECT ward, COUNT(DISTINCT patient_id) FROM visits WHERE day >= $since GROUP BY ward",
//    "parameters":{"since":{"earliest":"2020-01-01","latest":"2026-01-01"}}}
//
// Values; thread-compatible.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"

namespace cloister::agreement {

inline constexpr std::size_t kTemplatesMax = 64;
inline constexpr std::size_t kTemplateTextBytesMax = 8 * 1024;  // all of them stand in one manifest
inline constexpr std::size_t kTemplateParametersMax = 32;
inline constexpr std::size_t kTemplateValuesMax = 256;

// Exactly one of the three is said:
//   {"min":0,"max":100}, perhaps with "step":10    a number of the range, min + a multiple of step
//   {"earliest":"2020-01-01","latest":"2026-01-01"} a date as text, YYYY-MM-DD
//   {"values":["north","south",true,3]}            one of these
struct ParameterRange {
  struct Numbers {
    double min = 0;
    double max = 0;
    std::optional<double> step;
    bool operator==(const Numbers&) const = default;
  };
  struct Dates {
    std::string earliest, latest;
    bool operator==(const Dates&) const = default;
  };
  std::optional<Numbers> numbers;
  std::optional<Dates> dates;
  std::optional<std::vector<codec::Json>> values;

  bool Admits(const codec::Json& value) const;
  std::string Words() const;  // "a number from 0 to 100"
  bool operator==(const ParameterRange&) const = default;
};

struct QueryTemplate {
  std::string name;  // one line, at most 200 bytes
  std::string text;
  std::map<std::string, ParameterRange> parameters;
  bool operator==(const QueryTemplate&) const = default;
};

Result<QueryTemplate> DecodeQueryTemplate(const codec::Json& json, const std::string& where);
codec::Json EncodeQueryTemplate(const QueryTemplate& query);

// Nothing if one of the templates is this query with admitted parameters; otherwise why not, in a sentence that says
// what would be admitted.
std::optional<std::string> TemplateObstacle(const std::vector<QueryTemplate>& templates, std::string_view text,
                                            const codec::JsonObject& parameters);

}  // namespace cloister::agreement
