#include "cli/command_line.h"

#include "cli/command_line_family.h"

namespace cloister::cli {
namespace {

constexpr std::string_view kVersion = "cloister 0.1.0";
constexpr double kTimeoutSecondsMax = 86'400;

void AddInit(CLI::App& app, Invocation& invocation) {
  CLI::App& command =
      *app.add_subcommand("init", "Log in, make or request a participant key, and write the home folder");
  auto verb = std::make_shared<InitVerb>();
  command.add_option("--server", verb->server, "https://HOST, or http://127.0.0.1:PORT")->required();
  command.add_option("--email", verb->email, "who you are on that server")->required();
  command.add_option("--name", verb->name, "your name, for the others");
  command.add_option("--organisation", verb->organisation, "whom you act for");
  command.add_option("--custody", verb->custody, "who keeps your key: self (this folder) or server")
      ->check(CLI::IsMember({"self", "server"}))
      ->capture_default_str();
  command.callback([&invocation, verb] { invocation.verb = *verb; });
}

void AddKey(CLI::App& app, Invocation& invocation) {
  Family family(app, invocation, "key", "Your participant key");
  std::shared_ptr<KeyShowVerb> show;
  family.Add("show", "Thumbprint, public key and age recipient", show);
  std::shared_ptr<KeyExportAgeVerb> age;
  family.Add("export-age", "Print the age identity file, for `age -d -i`", age);
}

void AddEnvCreate(Family& family) {
  std::shared_ptr<EnvCreateVerb> verb;
  CLI::App& command = family.Add("create", "Start an environment and its enclave", verb);
  command.add_option("NAME", verb->name)->required();
  command.add_option("--with", verb->with, "e-mail addresses of the other participants");
  command.add_option("--description", verb->description);
  command
      .add_option("--approval", verb->approval, "who approves beyond the owners read: owners, unanimous or majority")
      ->check(CLI::IsMember({"owners", "unanimous", "majority"}))
      ->capture_default_str();
  command
      .add_option("--recovery", verb->recovery,
                  "operator: survives restarts, and the operator could read everything; none: a restart ends it")
      ->check(CLI::IsMember({"operator", "none"}))
      ->capture_default_str();
  command.add_flag("!--no-joins", verb->cross_owner_joins, "forbid queries that join data of different owners");
}

void AddEnv(CLI::App& app, Invocation& invocation) {
  Family family(app, invocation, "env", "Environments: create, verify, accept, invite");
  AddEnvCreate(family);
  std::shared_ptr<EnvListVerb> list;
  family.Add("list", "Your environments", list);
  std::shared_ptr<EnvShowVerb> show;
  family.Add("show", "One environment, its charter and participants", show)
      .add_option("ENV", show->environment, kEnvironmentHelp)
      ->required();
  std::shared_ptr<EnvVerifyVerb> verify;
  family.Add("verify", "Check the enclave's evidence and the ledger, on this machine", verify)
      .add_option("ENV", verify->environment, kEnvironmentHelp)
      ->required();
  std::shared_ptr<EnvAcceptVerb> accept;
  CLI::App& accept_command = family.Add("accept", "Verify, show what changes, and sign the charter", accept);
  accept_command.add_option("ENV", accept->environment, kEnvironmentHelp)->required();
  accept_command.add_option("--confirm", accept->confirmed,
                            "participants whose thumbprints you compared with them yourself (thumbprint or e-mail)");
  accept_command.add_option("--measurement", accept->measurements,
                            "SHA-256 of an enclave program that you built or had from somebody you trust; remembered");
  std::shared_ptr<EnvInviteVerb> invite;
  CLI::App& invite_command = family.Add("invite", "Propose a charter with one more participant", invite);
  invite_command.add_option("ENV", invite->environment, kEnvironmentHelp)->required();
  invite_command.add_option("EMAIL", invite->email)->required();
  std::shared_ptr<EnvRemoveVerb> remove;
  CLI::App& remove_command = family.Add("remove", "Propose a charter without a participant", remove);
  remove_command.add_option("ENV", remove->environment, kEnvironmentHelp)->required();
  remove_command.add_option("EMAIL", remove->email)->required();
  std::shared_ptr<EnvTerminateVerb> terminate;
  family.Add("terminate", "End an environment for everyone", terminate)
      .add_option("ENV", terminate->environment, kEnvironmentHelp)
      ->required();
  std::shared_ptr<EnvDiscardVerb> discard;
  family.Add("discard", "Give up a statement that you signed and no verified ledger has", discard)
      .add_option("ENV", discard->environment, kEnvironmentHelp)
      ->required();
}

void AddDatasetTerms(CLI::App& command, DatasetTerms& terms) {
  command.add_option("--env", terms.environment, kEnvironmentHelp)->required();
  command.add_option("--name", terms.name, "lower-case letters, digits and _; how queries call it")->required();
  command.add_option("--policy", terms.policy_file, "JSON file, or a preset: what may be done with it")->required();
  command.add_option("--unit", terms.unit, "with a preset: the column that says whom a row is about");
  command.add_option("--schema", terms.schema_file, "JSON file: names and types of its columns");
  command.add_option("--format", terms.format, "csv, parquet or jsonl; default: from the file's name")
      ->check(CLI::IsMember({"csv", "parquet", "jsonl"}));
  command.add_option("--description", terms.description);
  command.add_flag("--resume", terms.resume, "go on with an interrupted upload, or fail if there is none");
}

void AddDataset(CLI::App& app, Invocation& invocation) {
  Family family(app, invocation, "dataset", "Datasets: check, seal, upload, describe, remove");
  std::shared_ptr<DatasetUploadVerb> upload;
  CLI::App& upload_command =
      family.Add("upload", "Check a file, seal it for the verified enclave, upload it, sign its manifest", upload);
  upload_command.add_option("FILE", upload->file)->required();
  AddDatasetTerms(upload_command, upload->terms);
  std::shared_ptr<DatasetManifestVerb> manifest;
  CLI::App& manifest_command =
      family.Add("manifest", "The same for a file that `age -r RECIPIENT` has sealed already", manifest);
  manifest_command.add_option("FILE", manifest->file, "FILE.age")->required();
  AddDatasetTerms(manifest_command, manifest->terms);
  std::shared_ptr<DatasetListVerb> list;
  family.Add("list", "Datasets", list).add_option("--env", list->environment, kEnvironmentHelp);
  std::shared_ptr<DatasetShowVerb> show;
  family.Add("show", "One dataset, its schema and policy", show)
      .add_option("DATASET", show->dataset, kDatasetHelp)
      ->required();
  std::shared_ptr<DatasetRecipientVerb> recipient;
  family.Add("recipient", "Your verified dataset recipient in an environment, for `age -r`", recipient)
      .add_option("--env", recipient->environment, kEnvironmentHelp)
      ->required();
  std::shared_ptr<DatasetRemoveVerb> remove;
  family.Add("remove", "Take your dataset back: sign that it ends, and have its file deleted", remove)
      .add_option("DATASET", remove->dataset, kDatasetHelp)
      ->required();
}

void AddQuerySubmit(Family& family) {
  std::shared_ptr<QuerySubmitVerb> verb;
  CLI::App& command = family.Add("submit", "Check a query, sign it and ask for approval", verb);
  AddQueryText(command, *verb);
  command.add_option("--name", verb->name, "what it is for, in a few words")->required();
  command.add_option("--description", verb->description);
  command.add_option("--to", verb->to, "e-mail addresses of who may read the result; default: every participant");
  command.add_flag("--wait", verb->wait, "until it is answered");
}

template <typename V>
CLI::App& AddOnQuery(Family& family, const char* name, const char* help, std::shared_ptr<V>& verb) {
  CLI::App& command = family.Add(name, help, verb);
  command.add_option("QUERY", verb->query, kQueryHelp)->required();
  return command;
}

void AddQuery(CLI::App& app, Invocation& invocation) {
  Family family(app, invocation, "query", "Queries: check, submit, approve");
  std::shared_ptr<QueryCheckVerb> check;
  CLI::App& check_command = family.Add("check", "What would be refused, and how to mend it; nothing is stored", check);
  AddQueryText(check_command, *check);
  AddQuerySubmit(family);
  std::shared_ptr<QueryListVerb> list;
  family.Add("list", "Queries", list).add_option("--env", list->environment, kEnvironmentHelp);
  std::shared_ptr<QueryShowVerb> show;
  AddOnQuery(family, "show", "One query and its decisions", show);
  std::shared_ptr<QueryReportVerb> report;
  AddOnQuery(family, "report", "The enclave's report, verified: what approvers are asked to approve", report);
  std::shared_ptr<QueryApproveVerb> approve;
  AddOnQuery(family, "approve", "Read the report and sign an approval", approve)
      .add_option("--notes", approve->notes, "stand in the approval, for the ledger");
  std::shared_ptr<QueryRejectVerb> reject;
  AddOnQuery(family, "reject", "Sign a rejection", reject)
      .add_option("--reason", reject->reason, "for the one who asked")
      ->required();
  std::shared_ptr<QueryCancelVerb> cancel;
  AddOnQuery(family, "cancel", "Withdraw your own query", cancel);
  std::shared_ptr<QueryWaitVerb> wait;
  AddOnQuery(family, "wait", "Until it is answered", wait);
  AddQueryTry(family);
}

void AddResult(CLI::App& app, Invocation& invocation) {
  Family family(app, invocation, "result", "Results: verify, open, show");
  std::shared_ptr<ResultGetVerb> get;
  CLI::App& command = AddOnQuery(family, "get", "Verify receipt and ledger, open the result, show it", get);
  command.add_option("-o,--output", get->output, "a file instead of standard output");
  const std::map<std::string, ResultForm> forms = {{"table", ResultForm::kTable},
                                                   {"csv", ResultForm::kCsv},
                                                   {"json", ResultForm::kJson},
                                                   {"sealed", ResultForm::kSealed}};
  command.add_option("--format", get->form, "table, csv, json, or sealed: the age file as the enclave made it")
      ->transform(CLI::CheckedTransformer(forms));
  std::shared_ptr<ResultReceiptVerb> receipt;
  AddOnQuery(family, "receipt", "The enclave's receipt, verified", receipt);
  std::shared_ptr<ResultVerifyVerb> verify;
  AddOnQuery(family, "verify", "Every check of `get`, one by one, without opening the result", verify);
}

void AddLedger(CLI::App& app, Invocation& invocation) {
  Family family(app, invocation, "ledger", "The environment's ledger");
  std::shared_ptr<LedgerShowVerb> show;
  family.Add("show", "Its entries", show).add_option("ENV", show->environment, kEnvironmentHelp)->required();
  std::shared_ptr<LedgerVerifyVerb> verify;
  family.Add("verify", "Read and check all of it, and that it continues what you saw before", verify)
      .add_option("ENV", verify->environment, kEnvironmentHelp)
      ->required();
  std::shared_ptr<LedgerProveVerb> prove;
  CLI::App& command = family.Add("prove", "One entry and the proof that it is in", prove);
  command.add_option("ENV", prove->environment, kEnvironmentHelp)->required();
  command.add_option("INDEX", prove->index, "from 0")->required()->check(CLI::NonNegativeNumber);
}

void AddGlobalFlags(CLI::App& app, GlobalFlags& global) {
  app.add_option("--home", global.home, "state folder; default: $CLOISTER_HOME, then XDG");
  app.add_option("--ca-cert", global.ca_file,
                 "PEM file of the authority that vouches for the server, instead of the system's; default: "
                 "$CLOISTER_CA_CERT, then what init was told");
  app.add_flag("--json", global.style.json, "data as JSON");
  app.add_flag("--plain", global.style.plain, "data as tab separated lines");
  app.add_flag("--no-color", global.style.no_color);
  app.add_flag("-q,--quiet", global.style.quiet, "no progress and no hints; warnings and errors stay");
  app.add_flag("-y,--yes", global.yes, "answer every question with yes");
  // Whole milliseconds below, so that what is no number at all waits for nothing.
  const auto set = [&global](double seconds) {
    global.timeout_ms = seconds > 0 ? static_cast<std::int64_t>(seconds * 1000) : 0;
  };
  const auto number = [](const std::string& text) {
    return text.find_first_not_of("0123456789.") == std::string::npos ? "" : "'" + text + "' is no number of seconds";
  };
  app.add_option_function<double>("--timeout", set, "seconds; for what waits")
      ->check(CLI::Range(0.0, kTimeoutSecondsMax))
      ->check(number);
}

void AddAll(CLI::App& app, Invocation& invocation) {
  app.set_version_flag("--version", std::string(kVersion));
  app.require_subcommand(1);
  app.fallthrough();  // global flags may stand behind the verb, where people type them
  app.footer(
      "Exit codes: 0 ok, 1 error, 2 usage or cancelled, 3 not found, 4 login needed, 5 refused by policy,\n"
      "6 waiting for approval, 7 verification failed, 8 budget exhausted, 124 timed out.");
  AddGlobalFlags(app, invocation.global);
  AddInit(app, invocation);
  AddKey(app, invocation);
  AddEnv(app, invocation);
  AddDataset(app, invocation);
  AddPolicy(app, invocation);
  AddQuery(app, invocation);
  AddResult(app, invocation);
  AddLedger(app, invocation);
  AddAcross(app, invocation);
  AddWebhook(app, invocation);
}

// The words that an option is checked against. The library tells them in one place only, the help's type:
// "TEXT:{self,server}", or "ENUM:value in {csv->1,json->2} OR {1,2}" where words stand for values.
std::vector<std::string> WordsOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t from = type.find('{');
  std::vector<std::string> words;
  if (from == std::string::npos) return words;
  for (const std::string& word : CLI::detail::split(type.substr(from + 1, type.find('}', from) - from - 1), ',')) {
    words.push_back(word.substr(0, word.find("->")));
  }
  return words;
}

bool SpeaksOfPath(const CommandOption& option) {
  const bool takes = option.takes_value || option.names.empty();
  const std::string words = option.positional + " " + option.help;
  return takes && (words.starts_with("FILE") || words.find("file") != std::string::npos ||
                   words.find("folder") != std::string::npos);
}

CommandNode Describe(const CLI::App& app) {
  CommandNode node{.name = app.get_name(), .help = app.get_description(), .options = {}, .commands = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (app.get_parent() != nullptr && option == app.get_help_ptr()) continue;  // the root's stands behind any verb
    CommandOption described{.names = {},
                            .help = option->get_description(),
                            .takes_value = option->get_items_expected() > 0};
    for (const std::string& name : option->get_lnames()) described.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) described.names.push_back("-" + name);
    if (described.names.empty()) described.positional = option->get_name();
    described.words = WordsOf(*option);
    described.takes_path = described.words.empty() && SpeaksOfPath(described);
    node.options.push_back(std::move(described));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    node.commands.push_back(Describe(*command));
  }
  return node;
}

constexpr const char* kProgram = "cloister";
constexpr const char* kAbout =
    "A participant's client of the Cloister data clean room.\n"
    "It verifies evidence, reports, receipts and proofs on this machine and takes nobody's word.";

}  // namespace

CommandNode DescribeCommandLine() {
  Invocation invocation;
  CLI::App app(kAbout, kProgram);
  AddAll(app, invocation);
  return Describe(app);
}

std::variant<Invocation, CommandLineAnswer> ParseCommandLine(const std::vector<std::string>& arguments) {
  Invocation invocation;
  CLI::App app(kAbout, kProgram);
  AddAll(app, invocation);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // the library reads from the back
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, talk;
    const bool wrong = app.exit(error, out, talk) != 0;
    return CommandLineAnswer{wrong ? ExitCode::kUsage : ExitCode::kOk, wrong ? talk.str() : out.str()};
  }
  return invocation;
}

}  // namespace cloister::cli
