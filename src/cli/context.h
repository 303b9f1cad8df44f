#pragma once

// Everything a verb needs from the process it runs in, handed in by apps/ or by a test.

#include <functional>
#include <istream>
#include <memory>
#include <string>

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
  Connect connect;
  std::function<void(std::int64_t ms)> sleep;
};

// Asks on standard error. Yes only for "y" or "yes"; --yes answers by itself. kInvalidArgument when nobody can be
// asked.
Result<bool> Confirm(Context& context, std::string_view question);

}  // namespace cloister::cli
