#pragma once

// Everything a verb needs from the process it runs in, handed in by apps/ or by a test.

#include <functional>
#include <istream>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/rng.h"
#include "cli/home.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "net/client/http.h"
#include "net/client/server_address.h"

namespace cloister::cli {

using Connect = std::function<Result<std::unique_ptr<net::HttpTransport>>(const net::ServerAddress& server,
                                                                          const std::string& ca_file)>;

// The compiler's program on this machine (local_compiler.h): one question, one answer, in a process of its own.
enum class CompilerMode {
  kCheck,  // what would be refused
  kTry,    // and what it would answer on synthetic rows
};
struct CompilerPort {
  std::function<Result<std::string>(CompilerMode mode, std::string_view request)> ask = {};  // none: no such program
  std::function<Result<Digest256>()> measure = {};  // SHA-256 of its file, as charters name it
};

// References must outlive the context.
struct Context {
  Output& out;
  Home home;
  GlobalFlags flags;
  const Clock& clock;
  Rng& rng;
  std::istream& input;
  bool input_is_terminal = false;
  std::string api_key_file = {};  // CLOISTER_API_KEY_FILE
  std::string ca_file = {};       // --ca-cert or CLOISTER_CA_CERT, absolute; empty: what the home folder says
  Connect connect;
  std::function<void(std::int64_t ms)> sleep;
  CompilerPort compiler = {};
};

// Asks on standard error. Yes only for "y" or "yes"; --yes answers by itself. kInvalidArgument when nobody can be
// asked.
Result<bool> Confirm(Context& context, std::string_view question);

}  // namespace cloister::cli
