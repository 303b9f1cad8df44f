#include "crypto/compact_jws.h"

namespace cloister::crypto {

std::optional<CompactJws> SplitCompactJws(std::string_view compact) {
  const std::size_t first = compact.find('.');
  const std::size_t second = first == compact.npos ? first : compact.find('.', first + 1);
  if (second == compact.npos || compact.find('.', second + 1) != compact.npos) return std::nullopt;
  return CompactJws{.header = compact.substr(0, first),
                    .payload = compact.substr(first + 1, second - first - 1),
                    .signature = compact.substr(second + 1),
                    .signing_input = compact.substr(0, second)};
}

}  // namespace cloister::crypto
