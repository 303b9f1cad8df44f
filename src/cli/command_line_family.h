#pragma once

// How subcommands are added. Room-private, for command_line*.cc: the only files of this room that know the library that
// parses flags, because that library costs seconds per translation unit.

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/verbs.h"

namespace cloister::cli {

inline constexpr const char* kEnvironmentHelp = "id or name of an environment";
inline constexpr const char* kQueryHelp = "id or name of a query";
inline constexpr const char* kDatasetHelp = "id or name of a dataset";

// Adds subcommands to one family. Each verb's flags write into a struct that the callback copies into the invocation,
// so what was parsed is what runs.
class Family {
 public:
  Family(CLI::App& app, Invocation& invocation, const char* name, const char* help)
      : app_(*app.add_subcommand(name, help)), invocation_(invocation) {
    app_.require_subcommand(1);
  }

  template <typename V>
  CLI::App& Add(const char* name, const char* help, std::shared_ptr<V>& verb) {
    CLI::App& command = *app_.add_subcommand(name, help);
    verb = std::make_shared<V>();
    command.callback([&invocation = invocation_, verb] { invocation.verb = *verb; });
    return command;
  }

 private:
  CLI::App& app_;
  Invocation& invocation_;
};

// A verb without a family.
template <typename V>
CLI::App& AddVerb(CLI::App& app, Invocation& invocation, const char* name, const char* help,
                  std::shared_ptr<V>& verb) {
  CLI::App& command = *app.add_subcommand(name, help);
  verb = std::make_shared<V>();
  command.callback([&invocation, verb] { invocation.verb = *verb; });
  return command;
}

// What every verb about a query's text takes.
template <typename V>
void AddQueryText(CLI::App& command, V& verb) {
  command.add_option("FILE", verb.file, "SQL; - is standard input")->capture_default_str();
  command.add_option("--env", verb.environment, kEnvironmentHelp)->required();
  command.add_option("--level", verb.level, "privacy level")
      ->check(CLI::IsMember({"full_access", "k_anonymized", "aggregate_only", "differential_privacy"}))
      ->capture_default_str();
  command.add_option("--param", verb.parameters, "NAME=JSON value of a parameter")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--epsilon", verb.epsilon, "what the noise may cost; default: what the owners allow a query");
  command.add_option("--delta", verb.delta, "the same, for groups that are shown by chance");
  command.add_option("--mechanism", verb.mechanism, "laplace (default) or gaussian")
      ->check(CLI::IsMember({"laplace", "gaussian"}));
}

void AddPolicy(CLI::App& app, Invocation& invocation);
void AddQueryTry(Family& family);
void AddWebhook(CLI::App& app, Invocation& invocation);
// Verbs across families: catalogue, budget, inbox, watch, api, completion.
void AddAcross(CLI::App& app, Invocation& invocation);

}  // namespace cloister::cli
