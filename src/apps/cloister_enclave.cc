// cloister-enclave: the measured program. Everything it is told comes through descriptor 3, a channel to the control
// plane; it opens no file and no socket of its own.
//
//   cloister-enclave             serve one environment until the channel ends
//   cloister-enclave --compile   one compile request on standard input, the verdict on standard output
//   cloister-enclave --try       the same, and what the query answers on synthetic rows; no key and no data either
//
// Exit codes: 0 the channel ended, 1 could not start, 2 wrong usage.

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <latch>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/library.h"
#include "enclave/channel_host.h"
#include "enclave/check_mode.h"
#include "enclave/enclave.h"
#include "enclave/service.h"
#include "enclave/try_mode.h"
#include "engine/statement_parser.h"
#include "net/frame/channel.h"
#include "tee/attester.h"
#include "tee/sandbox.h"

namespace cloister {
namespace {

constexpr int kChannelDescriptor = 3;
// Enough that long executions and loads never keep a link or a cancel waiting.
constexpr int kChannelWorkers = 8;
constexpr std::int64_t kTryMemoryBytes = std::int64_t{512} << 20;

int Fail(const Error& error) {
  std::fprintf(stderr, "cloister-enclave: %s: %s\n", std::string(CodeName(error.code)).c_str(),
               error.public_message.c_str());
  return 1;
}

// The channel does not exist before the objects that its handler needs, and they need the channel.
class LateHost final : public enclave::Host {
 public:
  void Connect(net::Channel& channel) { host_.emplace(channel); }
  Status Append(const ledger::LogAppend& append) override { return host_->Append(append); }
  Result<std::vector<std::string>> Read(std::uint64_t from, std::uint64_t count) override {
    return host_->Read(from, count);
  }
  Result<Bytes> ReadObject(const enclave::ObjectRange& range) override { return host_->ReadObject(range); }
  Status PutResult(const std::string& query_id, std::uint64_t offset, ByteView piece) override {
    return host_->PutResult(query_id, offset, piece);
  }

 private:
  std::optional<enclave::ChannelHost> host_;
};

Status Serve() {
  if (fcntl(kChannelDescriptor, F_GETFD) < 0) {
    return InvalidArgument("descriptor 3 must be a channel; cloisterd starts this program");
  }
  CLOISTER_ASSIGN(const Digest256 measurement, tee::MeasureOwnProgram());
  CLOISTER_ASSIGN(auto parser, engine::DuckDbStatementParser::Open());
  CLOISTER_ASSIGN(auto database, engine::UnconfinedDatabase::Open());
  CLOISTER_ASSIGN(tee::SandboxStatus sandbox,
                  tee::EnterSandbox({.descriptors_kept = {kChannelDescriptor, database.descriptor()},
                                     .standard_streams_to_null = true}));

  SystemClock clock;
  SystemRng rng;
  enclave::SystemPacer pacer(clock);
  tee::SimulatedAttester attester(measurement);
  LateHost host;
  enclave::Enclave job({.database = std::move(database),
                        .parser = *parser,
                        .attester = attester,
                        .host = host,
                        .clock = clock,
                        .pacer = pacer,
                        .rng = rng});
  net::Channel* channel_in_use = nullptr;
  std::latch connected(1);  // the first request may come before the line that connects
  enclave::Service service(job, std::move(sandbox), [&] { channel_in_use->Close(); });
  const auto handle = [&](const net::ChannelRequest& request) {
    connected.wait();
    return service.Handle(request);
  };
  net::Channel channel(kChannelDescriptor, {.handler = handle, .workers = kChannelWorkers});
  channel_in_use = &channel;
  host.Connect(channel);
  connected.count_down();
  channel.WaitUntilClosed();
  // A query may still be running; nobody is left to receive it, and its process ends here.
  _exit(0);
}

Result<std::string> ReadStandardInput() {
  std::string text;
  char piece[65536];
  ssize_t got = 0;
  while ((got = read(STDIN_FILENO, piece, sizeof(piece))) > 0) {
    text.append(piece, static_cast<std::size_t>(got));
    if (text.size() > enclave::kCheckRequestBytesMax) return ResourceExhausted("a compile request of more than 8 MiB");
  }
  if (got < 0) return Unavailable("standard input could not be read");
  return text;
}

Status WriteStandardOutput(std::string_view answer) {
  for (std::string_view rest = answer; !rest.empty();) {
    const ssize_t put = write(STDOUT_FILENO, rest.data(), rest.size());
    if (put <= 0) return Unavailable("standard output could not be written");
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Status Compile() {
  CLOISTER_ASSIGN(auto parser, engine::DuckDbStatementParser::Open());
  CLOISTER_TRY(tee::EnterSandbox({.descriptors_kept = {}}));
  CLOISTER_ASSIGN(const std::string request, ReadStandardInput());
  CLOISTER_ASSIGN(const std::string answer, enclave::AnswerCheck(request, *parser));
  return WriteStandardOutput(answer);
}

Status Try() {
  CLOISTER_ASSIGN(auto parser, engine::DuckDbStatementParser::Open());
  CLOISTER_ASSIGN(auto opened, engine::UnconfinedDatabase::Open());
  CLOISTER_TRY(tee::EnterSandbox({.descriptors_kept = {opened.descriptor()}}));
  CLOISTER_ASSIGN(const auto database, std::move(opened).EnterSandboxedMode({.memory_bytes = kTryMemoryBytes}));
  CLOISTER_ASSIGN(const std::string request, ReadStandardInput());
  CLOISTER_ASSIGN(const std::string answer, enclave::AnswerTry(request, *parser, *database));
  return WriteStandardOutput(answer);
}

int Main(int argc, char** argv) {
  crypto::StartLibrary();
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // an enclave without its control plane is of no use to anybody
  const std::string_view mode = argc == 2 ? argv[1] : "";
  if (argc > 2 || (argc == 2 && mode != "--compile" && mode != "--try")) {
    std::fprintf(stderr, "usage: cloister-enclave [--compile | --try]\n");
    return 2;
  }
  const Status done = mode == "--compile" ? Compile() : mode == "--try" ? Try() : Serve();
  return done ? 0 : Fail(done.error());
}

}  // namespace
}  // namespace cloister

int main(int argc, char** argv) { return cloister::Main(argc, argv); }
