#include "enclave/value_key.h"

#include <bit>

#include "codec/sql_text.h"

namespace cloister::enclave {

std::string KeyOf(const engine::Value& value) {
  struct ToKey {
    std::string operator()(std::monostate) const { return "-"; }
    std::string operator()(bool flag) const { return flag ? "+t" : "+f"; }
    std::string operator()(std::int64_t number) const { return "+" + std::to_string(number); }
    std::string operator()(engine::Int128 number) const { return "+" + codec::FormatSqlHugeint(number); }
    std::string operator()(double number) const { return "+" + std::to_string(std::bit_cast<std::uint64_t>(number)); }
    std::string operator()(const engine::Decimal& number) const {
      return "+" + codec::FormatSqlDecimal(number.unscaled, number.scale);
    }
    std::string operator()(const std::string& text) const { return "+" + text; }
    std::string operator()(engine::Date date) const { return "+" + std::to_string(date.days); }
    std::string operator()(engine::Timestamp time) const { return "+" + std::to_string(time.micros); }
  };
  return std::visit(ToKey{}, value);
}

}  // namespace cloister::enclave
