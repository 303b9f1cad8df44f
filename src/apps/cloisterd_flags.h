#pragma once

// The command line of cloisterd, as values.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/login/issuer.h"
#include "control/rest/api.h"
#include "net/server/tls_files.h"

namespace cloister {

struct Flags {
  std::string data = "cloister-data";
  std::string listen = "127.0.0.1:8080";
  bool dev_login = false;
  bool behind_proxy = false;
  net::TlsPaths tls;
  std::string sealer;
  std::string buckets;
  std::string metrics;
  std::string first_user;
  std::string public_url;
  std::string oidc_issuer = std::string(control::kGoogleIssuer);
  std::string google_client_id;
  std::string google_client_secret_file;
  std::vector<std::string> google_domains;
  control::ApiLimits limits;
  std::string enclave_binary;
  std::uint64_t enclave_memory_bytes = std::uint64_t{1} << 30;
  int enclave_threads = 2;
  int query_timeout_seconds = 60;

  bool tls_given() const { return !tls.certificate.empty(); }
};

struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
  bool loopback = false;
};

// "127.0.0.1:8080", "[::1]:0".
Result<ListenAddress> ParseListen(const std::string& text);

// Who may come here, and how: what the flags say together must keep API keys from travelling readable.
Status CheckReach(const Flags& flags, const ListenAddress& listen);

// Where browsers find the server, and who tells it whom they belong to.
struct LoginTerms {
  std::string public_origin;                   // "https://cleanroom.example"; empty: not said
  std::string public_host;                     // "cleanroom.example"
  std::optional<control::IssuerTerms> issuer;  // absent: nobody
};
// Reads the file with the client's secret.
Result<LoginTerms> ReadLoginTerms(const Flags& flags, const ListenAddress& listen);

void AddFlags(CLI::App& app, Flags& flags);

}  // namespace cloister
