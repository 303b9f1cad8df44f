#pragma once

// Reading what a server says about itself, for display and for finding things. A member that is absent or of another
// type is the empty value: nothing that is decided or signed rests on these answers, and a newer server may say more.
// Documents are read by the strict decoders of agreement/, attestation/ and ledger/ instead.

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/json.h"

namespace cloister::cli {

const codec::Json& MemberAt(const codec::Json& json, std::string_view name);  // null if absent
std::string TextAt(const codec::Json& json, std::string_view name);
std::int64_t IntegerAt(const codec::Json& json, std::string_view name, std::int64_t absent = 0);
bool BoolAt(const codec::Json& json, std::string_view name);
const codec::JsonArray& ArrayAt(const codec::Json& json, std::string_view name);

}  // namespace cloister::cli
