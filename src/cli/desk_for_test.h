#pragma once

// A participant at his desk: a home folder, a command line, and what it prints.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/fake_server_for_test.h"
#include "cli/run.h"

namespace cloister::cli::for_test {

// What a command printed and ended with.
struct Ran {
  ExitCode code = ExitCode::kOk;
  std::string out, talk;
};

// A participant with a home folder of his own, which is gone with him.
class Desk {
 public:
  Desk(FakeServer& server, FakeClock& clock, std::string email)
      : server_(server), clock_(clock), email_(std::move(email)), rng_(std::hash<std::string>{}(email_)) {
    // In memory where there is such a place: every link is synced to disk, and a disk takes its time.
    const bool memory = std::filesystem::exists("/dev/shm");
    std::string pattern = (memory ? "/dev/shm/" : testing::TempDir()) + "cloister-desk-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~Desk() { std::filesystem::remove_all(folder_); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  std::string home() const { return folder_ + "/home"; }
  // A file beside the home.
  std::string File(const std::string& name, std::string_view content) const {
    std::ofstream(folder_ + "/" + name) << content;
    return folder_ + "/" + name;
  }
  Ran operator()(std::vector<std::string> arguments, std::string input = "") {
    arguments.insert(arguments.end(), {"--home", home()});
    const auto parsed = ParseCommandLine(arguments);
    if (const auto* answer = std::get_if<CommandLineAnswer>(&parsed)) return {answer->exit_code, "", answer->text};
    const auto& invocation = std::get<Invocation>(parsed);
    std::ostringstream data, talk;
    std::istringstream in(input);
    Output out(data, talk, ChooseStyle(invocation.global.style, {.locale = "C.UTF-8", .width_columns = 80}));
    Context context{.out = out,
                    .home = Home(home()),
                    .flags = invocation.global,
                    .clock = clock_,
                    .rng = rng_,
                    .input = in,
                    .input_is_terminal = !input.empty(),
                    .connect = server_.Connector(),
                    .sleep = [this](std::int64_t ms) { clock_.Advance(ms); }};
    const ExitCode code = RunVerb(context, invocation.verb);
    return {code, data.str(), talk.str()};
  }
  Ran Init(const std::string& organisation) {
    return (*this)({"init", "--server", "https://server.example", "--email", email_, "--organisation", organisation});
  }

 private:
  FakeServer& server_;
  FakeClock& clock_;
  std::string email_;
  InsecureRngForTest rng_;
  std::string folder_;
};

}  // namespace cloister::cli::for_test
