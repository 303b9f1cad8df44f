// cloister: the participant's command line client. Flags, wiring, main; what it does is in cli/.

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/command_line.h"
#include "cli/run.h"
#include "cloud/local/local_query_checker.h"
#include "crypto/digest.h"
#include "crypto/library.h"
#include "net/client/curl_transport.h"

namespace cloister::cli {
namespace {

constexpr std::int64_t kCheckTimeoutMs = 10'000;
constexpr std::int64_t kTryTimeoutMs = 30'000;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// As setlocale(3) looks for it.
std::string LocaleName() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (std::string value = Environment(name); !value.empty()) return value;
  }
  return {};
}

Surroundings LookAround() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  return {.stdout_is_terminal = isatty(STDOUT_FILENO) == 1,
          .stderr_is_terminal = isatty(STDERR_FILENO) == 1,
          .no_color = Environment("NO_COLOR"),
          .term = Environment("TERM"),
          .locale = LocaleName(),
          .width_columns = known ? size.ws_col : 0};
}

// Absolute, since `init` remembers it and later calls come from other folders.
std::string ChooseCaFile(const std::string& flag) {
  const std::string chosen = flag.empty() ? Environment("CLOISTER_CA_CERT") : flag;
  std::error_code error;
  return chosen.empty() ? chosen : std::filesystem::absolute(chosen, error).string();
}

Result<std::unique_ptr<net::HttpTransport>> ConnectByCurl(const net::ServerAddress& server,
                                                          const std::string& ca_file) {
  return std::unique_ptr<net::HttpTransport>(
      std::make_unique<net::CurlTransport>(server, net::CurlOptions{.ca_file = ca_file}));
}

Result<Digest256> Measure(const std::filesystem::path& program) {
  std::ifstream file(program, std::ios::binary);
  crypto::Sha256Stream digest;
  std::array<char, 1 << 16> piece{};
  while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
    digest.Update(AsBytes(std::string_view(piece.data(), static_cast<std::size_t>(file.gcount()))));
  }
  if (!file.eof()) return Unavailable("the enclave's program on this machine cannot be read");
  return digest.Finish();
}

// CLOISTER_ENCLAVE_PROGRAM, else the program beside this one.
CompilerPort FindCompiler(const Clock& clock) {
  std::error_code error;
  std::filesystem::path program = Environment("CLOISTER_ENCLAVE_PROGRAM");
  if (program.empty()) {
    program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "cloister-enclave";
  }
  if (!std::filesystem::is_regular_file(program, error)) return {};
  const auto ask = [program = program.string(), &clock](CompilerMode mode, std::string_view request) {
    const bool runs = mode == CompilerMode::kTry;
    cloud::LocalQueryChecker checker({.enclave_program = program,
                                      .timeout_ms = runs ? kTryTimeoutMs : kCheckTimeoutMs,
                                      .mode = runs ? "--try" : "--compile"},
                                     clock);
    return checker.Check(request);
  };
  return {.ask = ask, .measure = [program] { return Measure(program); }};
}

ExitCode RunInvocation(const Invocation& invocation) {
  Output out(std::cout, std::cerr, ChooseStyle(invocation.global.style, LookAround()));
  const auto folder = ChooseHomeFolder({.flag = invocation.global.home,
                                        .cloister_home = Environment("CLOISTER_HOME"),
                                        .xdg_data_home = Environment("XDG_DATA_HOME"),
                                        .user_home = Environment("HOME")});
  if (!folder) {
    out.Fail(folder.error());
    return ExitCodeOf(folder.error().code);
  }
  const SystemClock clock;
  SystemRng rng;
  Context context{.out = out,
                  .home = Home(*folder),
                  .flags = invocation.global,
                  .clock = clock,
                  .rng = rng,
                  .input = std::cin,
                  .input_is_terminal = isatty(STDIN_FILENO) == 1,
                  .api_key_file = Environment("CLOISTER_API_KEY_FILE"),
                  .ca_file = ChooseCaFile(invocation.global.ca_file),
                  .connect = ConnectByCurl,
                  .sleep = [](std::int64_t ms) { usleep(static_cast<useconds_t>(ms * 1000)); },
                  .compiler = FindCompiler(clock)};
  return RunVerb(context, invocation.verb);
}

ExitCode RunCommandLine(const std::vector<std::string>& arguments) {
  const auto parsed = ParseCommandLine(arguments);
  if (const auto* answer = std::get_if<CommandLineAnswer>(&parsed)) {
    (answer->exit_code == ExitCode::kOk ? std::cout : std::cerr) << answer->text;
    return answer->exit_code;
  }
  return RunInvocation(std::get<Invocation>(parsed));
}

int Main(const std::vector<std::string>& arguments) {
  crypto::StartLibrary();
  const ExitCode code = RunCommandLine(arguments);
  std::cout.flush();
  if (std::cout) return static_cast<int>(code);
  // A full disk or a closed pipe behind a redirect must not look like success.
  std::cerr << "error: not all could be written to standard output: its disk is full, or it is closed\n";
  return static_cast<int>(code == ExitCode::kOk ? ExitCode::kError : code);
}

}  // namespace
}  // namespace cloister::cli

int main(int argc, char** argv) { return cloister::cli::Main({argv + 1, argv + argc}); }
