#include "apps/cloisterd_flags.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "codec/ascii.h"

namespace cloister {
namespace {

// "https://cleanroom.example:8443" -> "cleanroom.example".
std::string HostOf(const std::string& origin) {
  const std::string authority = origin.substr(origin.find("://") + 3);
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string::npos && authority.find(']', colon) == std::string::npos;
  return has_port ? authority.substr(0, colon) : authority;
}

// As browsers write it (the HTML standard, "origin"): in small letters, without the scheme's own port.
std::string OriginOf(const std::string& address) {
  std::string origin = codec::LowerCase(address);
  const std::string_view own_port = origin.starts_with("https://") ? ":443" : ":80";
  if (origin.ends_with(own_port)) origin.resize(origin.size() - own_port.size());
  return origin;
}

// A line that nobody else should read, without its end.
Result<std::string> ReadClientSecret(const std::string& path) {
  constexpr std::size_t kSecretBytesMax = 1024;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return InvalidArgument("--google-client-secret-file cannot be read: " + path);
  std::string text(kSecretBytesMax + 1, '\0');
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  const bool too_long = text.size() > kSecretBytesMax;
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  const bool plain = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.empty() || too_long || !plain) {
    return InvalidArgument("--google-client-secret-file must hold the client's secret and nothing else");
  }
  return text;
}

}  // namespace

Result<ListenAddress> ParseListen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return InvalidArgument("--listen must read ADDRESS:PORT");
  ListenAddress listen{.address = text.substr(0, colon)};
  if (listen.address.front() == '[' && listen.address.back() == ']') {
    listen.address = listen.address.substr(1, listen.address.size() - 2);
  }
  const std::string port = text.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoi(port) > 65535) return InvalidArgument("--listen must end in a port from 0 to 65535");
  listen.port = static_cast<std::uint16_t>(std::stoi(port));
  listen.loopback = listen.address.starts_with("127.") || listen.address == "::1";
  return listen;
}

Status CheckReach(const Flags& flags, const ListenAddress& listen) {
  if (flags.tls.certificate.empty() != flags.tls.key.empty()) {
    return InvalidArgument("--tls-cert and --tls-key go together: the certificate and its private key, as PEM files");
  }
  if (flags.dev_login && !listen.loopback) {
    return InvalidArgument(
        "--dev-login lets anybody be anybody: it is for addresses of this machine (127.0.0.1) only");
  }
  if (!listen.loopback && !flags.tls_given() && !flags.behind_proxy) {
    return InvalidArgument(
        "beyond this machine API keys would travel readable: give --tls-cert and --tls-key, or listen on 127.0.0.1, "
        "or put something in front that ends TLS and say --behind-proxy");
  }
  return {};
}

Result<LoginTerms> ReadLoginTerms(const Flags& flags, const ListenAddress& listen) {
  LoginTerms terms;
  if (!flags.public_url.empty()) {
    const auto address = net::ServerAddress::Parse(flags.public_url);
    if (!address || (address->loopback() && !listen.loopback)) {
      return InvalidArgument("--public-url must be https://HOST[:PORT], or http://127.0.0.1:PORT on this machine");
    }
    terms.public_origin = OriginOf(address->origin());
    terms.public_host = HostOf(terms.public_origin);
  }
  const bool id = !flags.google_client_id.empty(), secret = !flags.google_client_secret_file.empty();
  if (!id && !secret && flags.google_domains.empty()) return terms;
  if (!id || !secret || terms.public_origin.empty()) {
    return InvalidArgument(
        "login by Google needs --google-client-id, --google-client-secret-file and --public-url together");
  }
  const auto issuer = control::Endpoint::Parse(flags.oidc_issuer);
  if (!issuer) return InvalidArgument("--oidc-issuer must be https://HOST[/PATH], or http://127.0.0.1:PORT");
  terms.issuer = control::IssuerTerms{.issuer = *issuer,
                                      .client_id = flags.google_client_id,
                                      .redirect_uri = terms.public_origin + "/api/login/callback",
                                      .domains = flags.google_domains};
  for (std::string& domain : terms.issuer->domains) domain = codec::LowerCase(domain);
  CLOISTER_ASSIGN(terms.issuer->client_secret, ReadClientSecret(flags.google_client_secret_file));
  return terms;
}

void AddFlags(CLI::App& app, Flags& flags) {
  app.add_option("--data", flags.data, "folder for database and sealed files")->capture_default_str();
  app.add_option("--listen", flags.listen, "ADDRESS:PORT; port 0 lets the kernel choose")->capture_default_str();
  app.add_flag("--dev-login", flags.dev_login, "let anybody log in as anybody; on this machine only");
  app.add_option("--tls-cert", flags.tls.certificate,
                 "PEM file: the server's certificate, then those of its authorities. TLS 1.3 alone; SIGHUP reads the "
                 "file again");
  app.add_option("--tls-key", flags.tls.key, "PEM file: the certificate's private key, not encrypted");
  app.add_flag("--behind-proxy", flags.behind_proxy,
               "speak plain HTTP beyond this machine: something in front ends TLS");
  app.add_option("--sealer", flags.sealer,
                 "key file of the local sealer, outside the data folder (default: DATA.sealer)");
  app.add_option("--buckets", flags.buckets,
                 "folder of buckets: a dataset's gcs_path is read from FOLDER/gcs_bucket/gcs_path");
  app.add_option("--metrics", flags.metrics, "ADDRESS:PORT of /metrics; none unless given");
  app.add_option("--first-user", flags.first_user,
                 "e-mail address: on a server without users, makes this one, an administrator, with an API key in "
                 "DATA/first-api-key");
  app.add_option("--public-url", flags.public_url,
                 "where browsers find this server, https://HOST[:PORT]; login by Google needs it");
  app.add_option("--google-client-id", flags.google_client_id, "people log in by Google: the OAuth client's id");
  app.add_option("--google-client-secret-file", flags.google_client_secret_file, "file with the OAuth client's secret");
  app.add_option("--google-domain", flags.google_domains,
                 "only accounts of this Google Workspace organisation log in; may be given several times");
  app.add_option("--oidc-issuer", flags.oidc_issuer, "another issuer of OpenID Connect in the place of Google")
      ->capture_default_str();
  app.add_option("--requests-per-minute", flags.limits.requests_per_minute,
                 "of one API key, or of one user's browsers; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--environments-per-day", flags.limits.environments_per_day, "of one user; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--datasets-per-day", flags.limits.datasets_per_day, "of one environment; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--queries-per-day", flags.limits.queries_per_day, "of one environment; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--upload-bytes-per-day", flags.limits.upload_bytes_per_day,
                 "files and parts of one user, such as 256GiB; 0: no limit")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--download-bytes-per-day", flags.limits.download_bytes_per_day,
                 "results of one user, such as 64GiB; 0: no limit")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--enclave-binary", flags.enclave_binary,
                 "the enclave program (default: cloister-enclave beside this one)");
  app.add_option("--enclave-memory", flags.enclave_memory_bytes,
                 "memory that new charters give an enclave, such as 2GiB (default: 1GiB)")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--enclave-threads", flags.enclave_threads, "threads of one enclave")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--query-timeout", flags.query_timeout_seconds, "seconds that new charters give a query")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
}

}  // namespace cloister
