#pragma once

// The compile-only process (docs/formats/channel.md): one JSON request in, the verdict out, no key and no data. It asks
// the compiler in the words that the enclave uses for its report.

#include <string>
#include <string_view>

#include "base/result.h"
#include "enclave/compilation.h"
#include "sql/statement_parser.h"

namespace cloister::enclave {

inline constexpr std::size_t kCheckRequestBytesMax = 8 << 20;

// The two ends of it, for the try mode (try_mode.h) too.
Result<CompileQuestion> DecodeCheckRequest(const codec::Json& json);
codec::JsonObject EncodeCheckAnswer(const CompileAnswer& answer);
// Turns what was released before into what the compiler knows of it.
Status PinReleased(CompileQuestion& question, sql::StatementParser& parser);

// Canonical JSON of the verdict.
Result<std::string> AnswerCheck(std::string_view request, sql::StatementParser& parser);

}  // namespace cloister::enclave
