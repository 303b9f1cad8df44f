// cloister-attacks DIR [--static-reject-only] [--levels a,b] [--must-pass FILE] [--verbose]
//
// Runs every case of the folder and tells each one that does not go as its label says. Exit 0 when all pass; with
// --must-pass, when all ids in the file pass. Cases are skipped only where a flag says so.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "check.h"

namespace cloister::attacks {
namespace {

struct Options {
  std::string folder;
  bool static_reject_only = false;
  bool verbose = false;
  std::string must_pass;
  std::set<std::string> levels;
};

struct Tally {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};

std::string Findings(const Outcome& outcome) {
  std::string text;
  for (const auto& finding : outcome.findings)
    text += (text.empty() ? "" : " | ") + finding.rule + " " + finding.message +
            (finding.fix ? " INSTEAD " + *finding.fix : "");
  return text;
}

// Beside what earlier answers of the case have shown, row by row.
bool ReleasesNothing(const Answer& answer, const std::vector<Answer>& earlier) {
  return std::all_of(answer.rows.begin(), answer.rows.end(), [&](const auto& row) {
    const bool empty = std::all_of(row.begin(), row.end(), [](const auto& value) { return engine::IsNull(value); });
    return empty || std::any_of(earlier.begin(), earlier.end(), [&](const Answer& before) {
             return std::find(before.rows.begin(), before.rows.end(), row) != before.rows.end();
           });
  });
}

std::string Shown(const engine::Value& value) {
  if (engine::IsNull(value)) return "NULL";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&value)) return std::to_string(*number);
  if (const auto* wide = std::get_if<codec::Int128>(&value)) return std::to_string(static_cast<double>(*wide));
  return "?";
}

void ShowRows(const Answer& answer) {
  constexpr std::size_t kRowsShown = 12;
  std::printf("  %zu rows\n", answer.rows.size());
  for (std::size_t i = 0; i < std::min(answer.rows.size(), kRowsShown); ++i) {
    for (const engine::Value& value : answer.rows[i]) std::printf("  %s", Shown(value).c_str());
    std::printf("\n");
  }
}

// With a mend in its place, or with all of them in theirs, the query is admitted.
std::string TryMends(const std::string& text, const std::string& level, const Outcome& outcome, Lab& lab) {
  const auto put = [](std::string& into, const sql::Finding& finding) {
    into.replace(static_cast<std::size_t>(finding.range.from),
                 static_cast<std::size_t>(finding.range.to - finding.range.from), *finding.fix);
  };
  std::string all = text;
  for (auto finding = outcome.findings.rbegin(); finding != outcome.findings.rend(); ++finding) {
    if (finding->fix) put(all, *finding);
  }
  for (const sql::Finding& finding : outcome.findings) {
    if (!finding.fix) continue;
    std::string one = text;
    put(one, finding);
    if (lab.Run(one, level).refused() && lab.Run(all, level).refused()) return "a mend does not hold: " + one;
  }
  return "";
}

// Empty when the case goes as its label says.
std::string Judge(const Case& one, Lab& lab, bool verbose) {
  lab.ForgetHistory();
  std::vector<Answer> earlier;
  for (const std::string& statement : one.sequence) {
    Outcome outcome = lab.Run(statement, one.level);
    if (outcome.refused()) return "an earlier statement is refused: " + Findings(outcome);
    earlier.push_back(std::move(outcome.answer));
  }
  Outcome outcome;
  for (int i = 0; i < one.repeat; ++i) outcome = lab.Run(one.sql, one.level);
  if (verbose)
    std::printf("     %s\n  -> %s\n", one.sql.c_str(),
                outcome.refused() ? Findings(outcome).c_str() : outcome.sql.c_str());
  if (verbose && !outcome.refused()) ShowRows(outcome.answer);
  if (one.reject) {
    if (outcome.refused()) return TryMends(one.sql, one.level, outcome, lab);
    if (one.runtime && outcome.error.empty() && ReleasesNothing(outcome.answer, earlier)) return "";
    return one.runtime ? "released something" : "ACCEPTED, must be refused: " + outcome.sql;
  }
  if (outcome.refused()) return "refused: " + Findings(outcome);
  if (!outcome.error.empty()) return "failed in the engine: " + outcome.error + "\n     " + outcome.sql;
  for (const Check& check : one.checks) {
    const std::string problem = RunCheck(check, one, outcome, lab);
    if (!problem.empty()) return check.type + ": " + problem;
  }
  return "";
}

bool IsSkipped(const Case& one, const Options& options) {
  if (options.static_reject_only && (!one.reject || one.runtime)) return true;
  return !options.levels.empty() && !options.levels.contains(one.level);
}

std::optional<Options> ReadOptions(int count, char** values) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string value = values[i];
    if (value == "--static-reject-only")
      options.static_reject_only = true;
    else if (value == "--verbose")
      options.verbose = true;
    else if (value == "--must-pass" && i + 1 < count)
      options.must_pass = values[++i];
    else if (value == "--levels" && i + 1 < count) {
      std::string list = values[++i];
      for (std::size_t at = 0; at <= list.size();) {
        const std::size_t comma = std::min(list.find(',', at), list.size());
        options.levels.insert(list.substr(at, comma - at));
        at = comma + 1;
      }
    } else if (!value.starts_with("--") && options.folder.empty())
      options.folder = value;
    else
      return std::nullopt;
  }
  return options.folder.empty() ? std::nullopt : std::optional(options);
}

std::set<std::string> ReadIds(const std::string& path) {
  std::set<std::string> ids;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') ids.insert(line);
  }
  return ids;
}

int Report(const std::map<std::string, Tally>& classes) {
  Tally all;
  std::printf("\n%-28s %7s %7s %7s\n", "class", "passed", "failed", "skipped");
  for (const auto& [name, tally] : classes) {
    std::printf("%-28s %7d %7d %7d\n", name.c_str(), tally.passed, tally.failed, tally.skipped);
    all.passed += tally.passed;
    all.failed += tally.failed;
    all.skipped += tally.skipped;
  }
  std::printf("\n%d passed, %d failed, %d skipped\n", all.passed, all.failed, all.skipped);
  return all.failed;
}

int Run(const Options& options) {
  const auto corpus = ReadCorpus(options.folder);
  if (!corpus) {
    std::fprintf(stderr, "%s\n", corpus.error().public_message.c_str());
    return 2;
  }
  auto lab = Lab::Open(*corpus);
  if (!lab) {
    std::fprintf(stderr, "%s (%s)\n", lab.error().public_message.c_str(), lab.error().detail.c_str());
    return 2;
  }
  const std::set<std::string> must_pass =
      options.must_pass.empty() ? std::set<std::string>() : ReadIds(options.must_pass);
  if (!options.must_pass.empty() && must_pass.empty()) return 2;
  std::map<std::string, Tally> classes;
  std::set<std::string> passed;
  for (const Case& one : corpus->cases) {
    Tally& tally = classes[one.class_name];
    if (IsSkipped(one, options)) {
      ++tally.skipped;
      continue;
    }
    const std::string problem = Judge(one, **lab, options.verbose);
    if (problem.empty()) {
      ++tally.passed;
      passed.insert(one.id);
      continue;
    }
    ++tally.failed;
    std::printf("FAIL %s [%s]: %s\n", one.id.c_str(), one.level.c_str(), problem.c_str());
  }
  const int failed = Report(classes);
  if (options.must_pass.empty()) return failed == 0 ? 0 : 1;
  int lost = 0;
  for (const std::string& id : must_pass) {
    if (passed.contains(id)) continue;
    std::fprintf(stderr, "LOST %s: it passed before\n", id.c_str());
    ++lost;
  }
  return lost == 0 ? 0 : 1;
}

}  // namespace
}  // namespace cloister::attacks

int main(int count, char** values) {
  const auto options = cloister::attacks::ReadOptions(count, values);
  if (!options) {
    std::fprintf(stderr,
                 "usage: cloister-attacks DIR [--static-reject-only] [--levels a,b] [--must-pass FILE] [--verbose]\n");
    return 2;
  }
  return cloister::attacks::Run(*options);
}
