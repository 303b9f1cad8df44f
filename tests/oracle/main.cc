// cloister-oracle [--seconds N] [--seed N] [--wrong-k]
//
// Makes worlds and questions until the time is over; each answer of compiler and engine must be, cell by cell, what the
// oracle counts by hand, nothing that is shown may be subtracted to a few persons, and each change of a question
// towards a leak must be refused. --wrong-k: the oracle's k is one too large, and the run must fail.

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "channels.h"

namespace cloister::oracle {
namespace {

struct Options {
  int seconds = 20;
  std::uint64_t seed = 1;
  bool wrong_k = false;
};

std::string KeyText(const engine::Value& value) {
  if (engine::IsNull(value)) return "NULL";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  return "?";
}

std::optional<double> NumberOf(const engine::Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* wide = std::get_if<codec::Int128>(&value)) return static_cast<double>(*wide);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::nullopt;
}

bool SameCell(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b) return !a && !b;
  return std::fabs(*a - *b) <= 1e-9 * std::max(1.0, std::fabs(*a));
}

bool SameRow(const std::vector<engine::Value>& got, const ExpectedRow& wanted) {
  if (got.size() != wanted.keys.size() + wanted.cells.size()) return false;
  for (std::size_t i = 0; i < wanted.keys.size(); ++i) {
    if (KeyText(got[i]) != wanted.keys[i]) return false;
  }
  for (std::size_t i = 0; i < wanted.cells.size(); ++i) {
    if (!SameCell(NumberOf(got[wanted.keys.size() + i]), wanted.cells[i].value)) return false;
  }
  return true;
}

std::string Compare(const attacks::Answer& answer, const std::vector<ExpectedRow>& wanted) {
  if (answer.rows.size() != wanted.size())
    return std::to_string(answer.rows.size()) + " rows, not " + std::to_string(wanted.size());
  std::vector<bool> used(wanted.size(), false);
  for (const auto& row : answer.rows) {
    std::size_t i = 0;
    while (i < wanted.size() && (used[i] || !SameRow(row, wanted[i]))) ++i;
    if (i == wanted.size()) return "a row that the oracle does not show";
    used[i] = true;
  }
  return "";
}

struct Seen {
  long questions = 0;
  long shown = 0;
  long held_back = 0;
};

// Empty when all is as it must be.
std::string Judge(attacks::Lab& lab, const World& world, const Question& question, Seen& seen,
                  std::vector<Asked>& asked) {
  lab.ForgetHistory();
  const attacks::Outcome outcome = lab.Run(question.sql, "aggregate_only");
  if (outcome.refused()) return "refused: " + outcome.findings[0].rule + " " + outcome.findings[0].message;
  if (!outcome.error.empty()) return "failed: " + outcome.error;
  const std::vector<ExpectedRow> wanted = Expect(world, question);
  if (std::string problem = Compare(outcome.answer, wanted); !problem.empty()) return problem + "\n  " + outcome.sql;
  if (std::string problem = Subtract(world, question, wanted); !problem.empty()) return problem + "\n  " + outcome.sql;
  asked.push_back({question, outcome.answer});
  for (const ExpectedRow& row : wanted) {
    for (const Cell& cell : row.cells) ++(cell.value ? seen.shown : seen.held_back);
  }
  for (const std::string& leak : Leaks(question)) {
    if (!lab.Run(leak, "aggregate_only").refused()) return "accepted: " + leak;
  }
  return "";
}

void Tell(std::uint64_t seed, const World& world, const std::string& sql, const std::string& problem) {
  std::printf("FAIL seed %llu k %lld %lld: %s\n  %s\n", static_cast<unsigned long long>(seed),
              static_cast<long long>(world.people_k), static_cast<long long>(world.events_k), sql.c_str(),
              problem.c_str());
}

// The number of questions of one world that went wrong; nothing when it cannot be set up.
std::optional<int> RunWorld(std::uint64_t seed, const Options& options, Seen& seen) {
  constexpr int kQuestionsPerWorld = 12;
  Dice dice(seed);
  World world = MakeWorld(dice);
  auto lab = attacks::Lab::Open(world.corpus);
  if (!lab) {
    std::printf("%s (%s)\n", lab.error().public_message.c_str(), lab.error().detail.c_str());
    return std::nullopt;
  }
  (*lab)->LeaveOutGuard();  // the oracle knows thresholds
  if (options.wrong_k) world.people_k += 1;
  int failed = 0;
  std::vector<Asked> asked;
  for (int i = 0; i < kQuestionsPerWorld; ++i) {
    const Question question = Ask(dice);
    ++seen.questions;
    const std::string problem = Judge(**lab, world, question, seen, asked);
    if (problem.empty()) continue;
    ++failed;
    Tell(seed, world, question.sql, problem);
  }
  // Each changes the tables and makes them again, which takes as long as the questions.
  constexpr std::uint64_t kChannelsEvery = 5;
  if (seed % kChannelsEvery != 0) return failed;
  if (const std::string problem = CheckChannels(**lab, world, asked); !problem.empty()) {
    ++failed;
    Tell(seed, world, "channels", problem);
  }
  return failed;
}

int Run(const Options& options) {
  constexpr int kFailuresMax = 5;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  int failed = 0;
  Seen seen;
  for (std::uint64_t seed = options.seed; std::chrono::steady_clock::now() < end && failed < kFailuresMax; ++seed) {
    const auto wrong = RunWorld(seed, options, seen);
    if (!wrong) return 2;
    failed += *wrong;
  }
  std::printf("%ld questions, %ld cells shown, %ld held back, %d failed\n", seen.questions, seen.shown, seen.held_back,
              failed);
  return failed == 0 && seen.shown > 0 && seen.held_back > 0 ? 0 : 1;
}

}  // namespace
}  // namespace cloister::oracle

int main(int count, char** values) {
  cloister::oracle::Options options;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(values[i], "--seconds") == 0 && i + 1 < count)
      options.seconds = std::atoi(values[++i]);
    else if (std::strcmp(values[i], "--seed") == 0 && i + 1 < count)
      options.seed = std::strtoull(values[++i], nullptr, 10);
    else if (std::strcmp(values[i], "--wrong-k") == 0)
      options.wrong_k = true;
    else
      return 2;
  }
  return cloister::oracle::Run(options);
}
