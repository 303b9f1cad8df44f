#pragma once

// Texts of several lines that people write: notes, reasons, SQL. (One line is a label: CheckLabel of api.h.)

#include <string_view>

#include "base/result.h"

namespace cloister::control {

// What the documents say of a text that they hold (agreement/fields.h), said before one is made: tabs and line ends,
// no other control character, nothing that reorders what is read. kInvalidArgument names the member.
Status CheckLines(std::string_view name, std::string_view text);

}  // namespace cloister::control
