#pragma once

// A participant at work: his home, his server, and his key where he keeps it himself.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/context.h"
#include "net/client/json_client.h"
#include "net/client/retry.h"

namespace cloister::cli {

class Session {
 public:
  // Reads the home folder; talks to nobody yet. `context` must outlive the session.
  static Result<std::unique_ptr<Session>> Open(Context& context);
  // For `init`: before there is a configuration, and without a key.
  static Result<std::unique_ptr<Session>> OpenAt(Context& context, HomeConfig config, std::string api_key);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Context& context() { return context_; }
  Output& out() { return context_.out; }
  net::JsonClient& api() { return api_; }
  const HomeConfig& config() const { return config_; }
  const agreement::Thumbprint& me() const { return config_.thumbprint; }
  // Null with custody `server`: the server signs and opens then.
  const ParticipantKeys* keys() const { return keys_ ? &*keys_ : nullptr; }

 private:
  struct Parts {
    HomeConfig config;
    std::string api_key;
    std::optional<ParticipantKeys> keys;
  };
  static Result<std::unique_ptr<Session>> Make(Context& context, Parts parts);
  Session(Context& context, std::unique_ptr<net::HttpTransport> transport, Parts parts);

  Context& context_;
  HomeConfig config_;
  std::optional<ParticipantKeys> keys_;
  std::unique_ptr<net::HttpTransport> transport_;
  net::RetryingTransport retrying_;
  net::JsonClient api_;
};

}  // namespace cloister::cli
