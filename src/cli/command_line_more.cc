// The verbs about policies and authoring, and those across families.

#include "cli/command_line_family.h"

namespace cloister::cli {
namespace {

constexpr const char* kPolicyFileHelp = "JSON: a policy, or {\"policy\",\"tests\"}; - is standard input";
constexpr const char* kSchemaHelp = "the columns: a JSON file, or a CSV file to read them off";
constexpr std::int64_t kPeopleMax = 100'000;

void AddPolicyTest(Family& family) {
  std::shared_ptr<PolicyTestVerb> test;
  CLI::App& command = family.Add("test", "Run the tests that are stored beside a policy, on this machine", test);
  command.add_option("FILE", test->file, kPolicyFileHelp)->required();
  command.add_option("--env", test->environment, "beside the datasets of this environment (id or name)");
  command.add_option("--dataset", test->dataset, "whose policy it is; default: your only one there");
  command.add_option("--name", test->name, "of a dataset that is not there yet");
  command.add_option("--schema", test->schema_file, kSchemaHelp);
}

}  // namespace

void AddPolicy(CLI::App& app, Invocation& invocation) {
  Family family(app, invocation, "policy", "Policies: show, test, compare, sign");
  std::shared_ptr<PolicyShowVerb> show;
  family.Add("show", "What may be done with a dataset, from its verified manifest", show)
      .add_option("DATASET", show->dataset, kDatasetHelp)
      ->required();
  AddPolicyTest(family);
  std::shared_ptr<PolicyDiffVerb> diff;
  CLI::App& diff_command = family.Add("diff", "In words what is looser and what is stricter", diff);
  diff_command.add_option("FROM", diff->from, "a dataset (id or name), or a file")->required();
  diff_command.add_option("TO", diff->to, kPolicyFileHelp)->required();
  diff_command.add_option("--schema", diff->schema_file,
                          "where FROM is a file: JSON, or a CSV file to read the columns off");
  std::shared_ptr<PolicySetVerb> set;
  CLI::App& set_command = family.Add("set", "Show what changes, run the stored tests, sign the next version", set);
  set_command.add_option("DATASET", set->dataset, kDatasetHelp)->required();
  set_command.add_option("FILE", set->file, "JSON file, or a preset")->required();
  set_command.add_option("--unit", set->unit, "with a preset: the column that says whom a row is about");
  std::shared_ptr<PolicyPresetVerb> preset;
  CLI::App& preset_command = family.Add("preset", "Write a whole policy from a schema; without a name: list", preset);
  preset_command.add_option("PRESET", preset->preset);
  preset_command.add_option("--unit", preset->unit, "the column that says whom a row is about");
  preset_command.add_option("--schema", preset->schema_file, kSchemaHelp);
  std::shared_ptr<PolicySchemaVerb> schema;
  family.Add("schema", "The JSON Schema of policies and policy files, for editors", schema);
}

void AddQueryTry(Family& family) {
  std::shared_ptr<QueryTryVerb> verb;
  CLI::App& command = family.Add("try", "Run a query on synthetic rows, on this machine", verb);
  AddQueryText(command, *verb);
  command.add_option("--seed", verb->seed, "other rows")->capture_default_str();
  command.add_option("--people", verb->people, "how many people there are")
      ->check(CLI::Range(std::int64_t{1}, kPeopleMax))
      ->capture_default_str();
  command.add_flag("!--no-thresholds", verb->thresholds, "show small groups too: the rows are nobody's");
}

void AddAcross(CLI::App& app, Invocation& invocation) {
  std::shared_ptr<CatalogueVerb> catalogue;
  CLI::App& catalogue_command =
      AddVerb(app, invocation, "catalogue", "Columns, what they may be used for, and examples that compile", catalogue);
  catalogue_command.add_option("ENV", catalogue->environment, kEnvironmentHelp)->required();
  catalogue_command.add_option("--dataset", catalogue->dataset, "this one only");
  catalogue_command.add_flag("!--no-examples", catalogue->examples, "leave the examples out");
  std::shared_ptr<BudgetVerb> budget;
  AddVerb(app, invocation, "budget", "What each dataset has left, from the verified ledger", budget)
      .add_option("ENV", budget->environment, kEnvironmentHelp)
      ->required();
  std::shared_ptr<InboxVerb> inbox;
  AddVerb(app, invocation, "inbox", "What waits for you, from the verified ledgers", inbox)
      .add_option("--env", inbox->environment, "this environment only");
  std::shared_ptr<WatchVerb> watch;
  AddVerb(app, invocation, "watch", "Changes of status as they come, until --timeout", watch)
      .add_option("--env", watch->environment, "this environment only");
  std::shared_ptr<ApiVerb> api;
  CLI::App& api_command = AddVerb(app, invocation, "api", "One request to the server with your key", api);
  api_command.add_option("METHOD", api->method, "GET, POST, PUT or DELETE")->required();
  api_command.add_option("PATH", api->path, "such as /api/tee/environments")->required();
  api_command.add_option("JSON", api->body, "the body; - is standard input");
  api_command.add_option("-H,--header", api->headers, "one more field, such as 'If-Match: \"...\"'; may be repeated")
      ->take_all()
      ->allow_extra_args(false);
  api_command.add_flag("-i,--include", api->include, "status and header fields of the answer too, above its body");
  std::shared_ptr<CompletionVerb> completion;
  AddVerb(app, invocation, "completion", "Print a completion script for your shell", completion)
      .add_option("SHELL", completion->shell)
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace cloister::cli
