#include "control/rest/texts.h"

#include <string>

#include "agreement/fields.h"

namespace cloister::control {

Status CheckLines(std::string_view name, std::string_view text) {
  if (agreement::IsShowable(text, agreement::TextKind::kLines)) return {};
  return InvalidArgument("'" + std::string(name) +
                         "' must hold no control characters but tabs and line ends, and nothing that reorders text");
}

}  // namespace cloister::control
