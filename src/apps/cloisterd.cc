// cloisterd: the control plane. Flags, wiring, main.
//
//   cloisterd --data ./clean-room --dev-login
//   listening on http://127.0.0.1:8080
//
// One line on standard output when it is ready; logs as JSON lines on standard error. SIGTERM and SIGINT stop it: no
// new requests, those in work finish, enclaves are told to end. SIGHUP reads certificate and key again. Exit codes: 0
// stopped, 1 could not start, 2 wrong usage.

#include <fcntl.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <future>
#include <iostream>
#include <thread>

#include "apps/cloisterd_flags.h"
#include "base/clock.h"
#include "base/rng.h"
#include "cloud/local/local_blob_store.h"
#include "cloud/local/local_buckets.h"
#include "cloud/local/local_provider.h"
#include "cloud/local/local_query_checker.h"
#include "codec/text.h"
#include "control/metrics.h"
#include "control/rest/api.h"
#include "control/rest/problem.h"
#include "control/webhooks/pump.h"
#include "crypto/library.h"
#include "net/client/curl_transport.h"
#include "net/server/server.h"
#include "net/server/tls_files.h"

namespace cloister {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWorkerThreads = 16;
constexpr std::size_t kConnectionsMax = 4096;

// JSON lines, so that nothing in a message can look like another line. Thread-safe, as the logger is.
class JsonLog final : public LogSink {
 public:
  explicit JsonLog(const Clock& clock) : clock_(clock), logger_(spdlog::stderr_logger_mt("cloisterd")) {
    logger_->set_pattern("%v");
  }
  void Write(LogLevel level, std::string_view room, std::string_view message) override {
    const codec::JsonObject line{
        {"time", FormatRfc3339(clock_.Now())}, {"level", NameOf(level)}, {"room", room}, {"message", message}};
    logger_->log(spdlog::level::info, "{}", codec::WriteJson(codec::Json(line)));
  }

 private:
  static std::string_view NameOf(LogLevel level) {
    switch (level) {
      case LogLevel::kDebug: return "debug";
      case LogLevel::kInfo: return "info";
      case LogLevel::kWarning: return "warning";
      case LogLevel::kError: return "error";
    }
    return "info";
  }
  const Clock& clock_;
  std::shared_ptr<spdlog::logger> logger_;
};

// The data folder, ours alone for as long as the process lives.
Status ClaimFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || chmod(folder.c_str(), 0700) != 0)
    return Unavailable("the data folder cannot be made: " + folder.string());
  const int lock = open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return Unavailable("another cloisterd uses the data folder " + folder.string());
  }
  return {};
}

// Beside the data folder and never in it: whoever copies the folder must not get the key along.
Result<fs::path> SealerPath(const Flags& flags) {
  const fs::path data = fs::weakly_canonical(flags.data);
  if (flags.sealer.empty()) return fs::path(data.string() + ".sealer");
  const fs::path sealer = fs::weakly_canonical(flags.sealer);
  const auto [mismatch, rest] = std::mismatch(data.begin(), data.end(), sealer.begin(), sealer.end());
  if (mismatch == data.end()) return InvalidArgument("--sealer must not lie in the data folder");
  return sealer;
}

std::string EnclaveBinary(const Flags& flags) {
  if (!flags.enclave_binary.empty()) return flags.enclave_binary;
  std::error_code error;
  return (fs::read_symlink("/proc/self/exe", error).parent_path() / "cloister-enclave").string();
}

// Keys of custody `server` pass through this process: none of them may land in a core file.
void ForbidCoreFiles() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

// Connections that say nothing are closed after seconds; until then they must not keep others out. Half of the files
// are theirs: the rest is for enclaves, databases and objects.
std::size_t RoomForConnections() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return net::HttpLimits().connections_max;
  rlimit more = files;
  more.rlim_cur = std::min<rlim_t>(files.rlim_max, 2 * kConnectionsMax);
  if (more.rlim_cur > files.rlim_cur && setrlimit(RLIMIT_NOFILE, &more) == 0) files = more;
  return std::min<std::size_t>(kConnectionsMax, files.rlim_cur / 2);
}

std::unique_ptr<net::HttpTransport> ConnectByCurl(const net::ServerAddress& server) {
  return std::make_unique<net::CurlTransport>(server, net::CurlOptions{.user_agent = "cloisterd"});
}

// Everything that lives as long as the server, in the order of its making.
class Program {
 public:
  explicit Program(const Flags& flags) : flags_(flags), log_(clock_) {}

  Status Start() {
    CLOISTER_ASSIGN(const ListenAddress listen, ParseListen(flags_.listen));
    CLOISTER_TRY(CheckReach(flags_, listen));
    if (flags_.tls_given()) {
      CLOISTER_ASSIGN(tls_, net::TlsFiles::Load(flags_.tls, clock_));
    }
    CLOISTER_ASSIGN(const LoginTerms logins, ReadLoginTerms(flags_, listen));
    if (logins.issuer) issuer_.emplace(*logins.issuer, control::Issuer::Services{ConnectByCurl, clock_, log_});
    CLOISTER_TRY(ClaimFolder(flags_.data));
    CLOISTER_TRY(OpenAdapters());
    const control::EnclaveLimits limits{
        .threads = flags_.enclave_threads,
        .new_charters = {.memory_bytes = static_cast<std::int64_t>(flags_.enclave_memory_bytes),
                         .query_ms = std::int64_t{flags_.query_timeout_seconds} * 1000}};
    workflow_.emplace(control::WorkflowServices{*store_, *provider_, *blobs_, clock_, log_, limits,
                                                  NewOwner()});
    fleet_.emplace(*workflow_, rng_);
    CLOISTER_TRY(fleet_->Restore());
    // With --dev-login the server is this machine's alone, and so may its receivers be.
    outbound_.emplace(flags_.dev_login ? net::Reach::kLoopback : net::Reach::kPublic);
    custodian_.emplace(control::Custodian::Parts{*store_, *vault_, clock_, rng_});
    api_.emplace(control::Api{*store_, *fleet_, *custodian_, *vault_, *provider_, *checker_, *blobs_, clock_, rng_,
                              flags_.dev_login, buckets_ ? &*buckets_ : nullptr, flags_.limits,
                              issuer_ ? &*issuer_ : nullptr, logins.public_origin, tls_ != nullptr,
                              outbound_->reach()});
    CLOISTER_TRY(MakeFirstUser());
    CLOISTER_TRY(ServeMetrics());
    CLOISTER_TRY(Serve(listen, logins));
    fleet_->Begin();
    webhooks_.emplace(
        control::WebhookPump::Parts{*store_, *fleet_, *vault_, clock_, rng_, log_, *outbound_, workflow_->owner});
    return webhooks_->Start();
  }

  std::uint16_t port() const { return server_->port(); }
  const char* scheme() const { return tls_ ? "https" : "http"; }

  // What is open goes on as it began; what comes from now on sees the new certificate.
  void Reload() {
    if (!tls_) return log_.Write(LogLevel::kInfo, "apps", "nothing to read again: this server has no certificate");
    const Status read = tls_->Reload();
    if (!read) {
      return log_.Write(LogLevel::kError, "apps",
                        "the old certificate stays in use; the new one cannot be: " + read.error().public_message);
    }
    LogCertificate();
  }

  // Requests in work first, for as long as the server grants them; then whatever they may still be waiting
  // for.
  void Stop() {
    fleet_->RequestStop();
    auto stopped = std::async(std::launch::async, [this] { server_->Stop(); });
    webhooks_->Stop();  // before the fleet, which it asks who may see what; waits no longer than a POST may take
    stopped.wait_for(std::chrono::milliseconds(net::HttpLimits{}.drain_ms));
    fleet_->Stop();
    stopped.wait();
    log_.Write(LogLevel::kInfo, "apps", "stopped");
  }

 private:
  std::string NewOwner() {
    ByteArray<16> bytes{};
    rng_.Fill(bytes);
    return codec::HexEncode(bytes);
  }

  Status OpenAdapters() {
    CLOISTER_ASSIGN(const fs::path sealer, SealerPath(flags_));
    const std::string binary = EnclaveBinary(flags_);
    if (!flags_.buckets.empty()) buckets_.emplace(flags_.buckets);
    CLOISTER_ASSIGN(provider_, cloud::LocalProvider::Open({.enclave_program = binary, .sealer_file = sealer}, rng_));
    checker_.emplace(cloud::LocalQueryChecker::Options{.enclave_program = binary}, clock_);
    CLOISTER_ASSIGN(blobs_, cloud::LocalBlobStore::Open((fs::path(flags_.data) / "blobs").string()));
    CLOISTER_ASSIGN(store_, control::Store::Open((fs::path(flags_.data) / "cloister.db").string()));
    const SecretBytes text = provider_->SealerText();
    CLOISTER_ASSIGN(auto identity, sealing::AgeIdentity::Parse(AsText(text.view())));
    vault_.emplace(std::move(identity), rng_);
    return {};
  }

  // Somebody has to be the first: his key goes into a file that he alone reads, once, while there is nobody yet.
  Status MakeFirstUser() {
    if (flags_.first_user.empty()) return {};
    CLOISTER_ASSIGN(const auto key, control::MakeFirstUser(*api_, flags_.first_user));
    if (!key) return {};
    const std::string path = (fs::path(flags_.data) / "first-api-key").string();
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const bool written = file >= 0 && write(file, key->data(), key->size()) == static_cast<ssize_t>(key->size());
    if (file >= 0) close(file);
    return written ? Status() : Unavailable("the first user's API key cannot be written to " + path);
  }

  // On a port of its own: who watches the server has no business with its routes, and the other way round.
  Status ServeMetrics() {
    if (flags_.metrics.empty()) return {};
    CLOISTER_ASSIGN(const ListenAddress listen, ParseListen(flags_.metrics));
    net::Router router;
    router.Add("GET", "/metrics", [this](const net::Request&) -> Result<net::Response> {
      net::Response response;
      response.headers = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}};
      response.body = metrics_.Render(*fleet_);
      return response;
    });
    CLOISTER_ASSIGN(metrics_server_, net::Server::Start({.address = listen.address,
                                                         .port = listen.port,
                                                         .io_threads = 1,
                                                         .worker_threads = 1},
                                                        {clock_, rng_, log_, control::RenderProblem},
                                                        std::move(router)));
    return {};
  }

  Status Serve(const ListenAddress& listen, const LoginTerms& logins) {
    net::ServerOptions options{.address = listen.address,
                               .port = listen.port,
                               .io_threads = std::max(1u, std::thread::hardware_concurrency()),
                               .worker_threads = kWorkerThreads};
    options.limits.connections_max = RoomForConnections();
    options.strict_transport = !listen.loopback;
    if (listen.loopback) options.hosts = {"127.0.0.1", "localhost", "[::1]", listen.address};
    // A proxy on this machine hands on the name that it was asked for.
    if (listen.loopback && !logins.public_host.empty()) options.hosts.push_back(logins.public_host);
    const auto measure = [this](const net::RequestMeasure& request) {
      metrics_.Count({request.method, request.pattern, request.status, request.duration_ms});
    };
    net::ServerServices services{clock_, rng_, log_, control::RenderProblem, measure};
    if (tls_) services.tls = [this] { return tls_->identity(); };
    CLOISTER_ASSIGN(server_, net::Server::Start(options, services, control::MakeRouter(*api_)));
    if (tls_) LogCertificate();
    return {};
  }

  void LogCertificate() {
    const auto identity = tls_->identity();
    log_.Write(LogLevel::kInfo, "apps",
               "TLS with the certificate whose SHA-256 is " + codec::HexEncode(identity->fingerprint()) +
                   "; it ends at " + FormatRfc3339(identity->not_after()));
  }

  const Flags flags_;
  SystemClock clock_;
  SystemRng rng_;
  JsonLog log_;
  std::unique_ptr<net::TlsFiles> tls_;
  std::unique_ptr<cloud::LocalProvider> provider_;
  std::optional<cloud::LocalQueryChecker> checker_;
  std::unique_ptr<cloud::LocalBlobStore> blobs_;
  std::optional<cloud::LocalBuckets> buckets_;
  std::unique_ptr<control::Store> store_;
  std::optional<control::KeyVault> vault_;
  std::optional<control::WorkflowServices> workflow_;
  std::optional<control::Fleet> fleet_;
  std::optional<control::Custodian> custodian_;
  std::optional<control::Issuer> issuer_;
  std::optional<control::Api> api_;
  control::Metrics metrics_;
  std::optional<net::CurlOutboundClient> outbound_;
  std::optional<control::WebhookPump> webhooks_;
  std::unique_ptr<net::Server> metrics_server_;
  std::unique_ptr<net::Server> server_;
};

int Main(int argc, char** argv) {
  crypto::StartLibrary();
  Flags flags;
  CLI::App app("cloisterd: control plane of a confidential data clean room");
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  ForbidCoreFiles();
  signal(SIGPIPE, SIG_IGN);
  // Every thread inherits the mask; only this one waits for the signals.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Program program(flags);
  if (const Status started = program.Start(); !started) {
    std::fprintf(stderr, "cloisterd: %s\n", started.error().public_message.c_str());
    return started.error().code == Code::kInvalidArgument ? 2 : 1;
  }
  const std::string host = flags.listen.substr(0, flags.listen.rfind(':'));
  std::printf("listening on %s://%s:%d\n", program.scheme(), host.c_str(), program.port());
  std::fflush(stdout);
  for (int received = SIGHUP; received == SIGHUP;) {
    sigwait(&signals, &received);
    if (received == SIGHUP) program.Reload();
  }
  program.Stop();
  return 0;
}

}  // namespace
}  // namespace cloister

int main(int argc, char** argv) { return cloister::Main(argc, argv); }
