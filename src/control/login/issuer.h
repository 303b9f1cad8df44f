#pragma once

// The issuer of identities that this server trusts, as a client of OpenID Connect (Core 1.0) by authorization code with
// PKCE (RFC 7636, S256): where a browser goes to log in, and who came back with a code.
//
//   Issuer issuer(terms, {connect, clock, log});
//   issuer.AddressToLogIn({.state = s, .nonce = n, .verifier = v})       // the browser is sent there
//   issuer.Redeem({.code = c, .verifier = v, .nonce = n})                // the Identity that the code stands for
//
// What the issuer says about itself and its keys is fetched when it is first needed, kept for an hour, and keys once
// more when a token names one that is not among them, at most once a minute. Thread-safe. At most kExchangesMax
// requests to the issuer are on their way at a time, so that a slow one does not take every worker of the server: the
// next is kUnavailable at once.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "control/login/discovery.h"
#include "control/login/id_token.h"
#include "crypto/jwk.h"
#include "net/client/http.h"

namespace cloister::control {

inline constexpr int kExchangesMax = 4;
inline constexpr std::int64_t kIssuerTimeoutMs = 10'000;  // of one request
inline constexpr std::int64_t kIssuerKeptMs = 3'600'000;  // what it says of itself, and its keys
inline constexpr std::int64_t kKeysAgainMs = 60'000;      // between two looks for a key that was not there
inline constexpr std::size_t kKeySetBytesMax = 64 << 10;

// Who we are to the issuer.
struct IssuerTerms {
  Endpoint issuer;
  std::string client_id;
  std::string client_secret;
  std::string redirect_uri;  // of our callback, as it is registered there
  std::vector<std::string> domains = {};
};

class Issuer {
 public:
  using Connect = std::function<std::unique_ptr<net::HttpTransport>(const net::ServerAddress&)>;
  // What `services` refers to must outlive the issuer; `connect` is called from any thread.
  struct Services {
    Connect connect;
    const Clock& clock;
    LogSink& log;  // why somebody did not come in, in words without his name
  };
  Issuer(IssuerTerms terms, Services services);

  struct Challenge {
    std::string state;
    std::string nonce;
    std::string verifier;
  };
  // Errors of this and of Redeem: kUnavailable, kDeadlineExceeded where the issuer does not answer;
  // kVerificationFailed where it answers what it must not.
  Result<std::string> AddressToLogIn(const Challenge& challenge);

  struct Grant {
    std::string code;
    std::string verifier;
    std::string nonce;
    std::optional<std::string> answered_by;  // RFC 9207
  };
  Result<Identity> Redeem(const Grant& grant);

  // "https://accounts.google.com".
  const std::string& name() const { return name_; }

 private:
  template <typename T>
  struct Kept {
    std::shared_ptr<const T> value;
    std::int64_t fetched_ms = 0;
  };
  using Keys = std::vector<crypto::Jwk>;

  Result<Identity> Identify(const Grant& grant) CLOISTER_EXCLUDES(mutex_);
  Result<std::shared_ptr<const Discovery>> Describe() CLOISTER_EXCLUDES(mutex_);
  Result<std::shared_ptr<const Keys>> KeysFor(std::string_view kid, const Discovery& discovery)
      CLOISTER_EXCLUDES(mutex_);
  // Absent: they must be fetched.
  std::shared_ptr<const Keys> KeptKeys(std::string_view kid) CLOISTER_EXCLUDES(mutex_);
  Result<std::string> Fetch(const Endpoint& endpoint, std::size_t bytes_max) CLOISTER_EXCLUDES(mutex_);
  Result<net::HttpAnswer> Exchange(const Endpoint& endpoint, net::HttpRequest request) CLOISTER_EXCLUDES(mutex_);
  net::HttpRequest TokenRequest(const Discovery& discovery, const Grant& grant) const;

  const IssuerTerms terms_;
  const std::string name_;
  const Services services_;
  Mutex mutex_;
  int exchanges_ CLOISTER_GUARDED_BY(mutex_) = 0;
  Kept<Discovery> discovery_ CLOISTER_GUARDED_BY(mutex_);
  Kept<Keys> keys_ CLOISTER_GUARDED_BY(mutex_);
};

}  // namespace cloister::control
