#pragma once

// The values of a column that an owner lets everybody know: the wards that a hospital has, not who lies in them. With
// noise, groups by such columns are all shown, empty ones too, and nothing is spent on whether they may be
// (docs/formats/noise.md). Rows with another value are in no group then.
//
//   "ward":{"roles":["dimension"],"public_values":["North","South","Emergency"]}
//
// Of a dimension of type VARCHAR (texts of at most kPublicValueBytesMax), INTEGER or BIGINT (whole numbers), BOOLEAN;
// each once. Without values the member is absent.

#include <string>
#include <vector>

#include "base/result.h"
#include "codec/json.h"

namespace cloister::agreement {

inline constexpr std::size_t kPublicValuesMax = 1024;
inline constexpr std::size_t kPublicValueBytesMax = 256;

struct ColumnType;

// What is wrong with them, as "must hold texts, each once"; empty when nothing is.
std::string PublicValuesProblem(const codec::JsonArray& values, const ColumnType& type);

}  // namespace cloister::agreement
