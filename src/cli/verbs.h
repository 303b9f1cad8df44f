#pragma once

// What can be asked of `cloister`, as values: one struct per verb. The command line is one way to make them
// (command_line.h), tests are another.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/output.h"

namespace cloister::cli {

struct InitVerb {
  std::string server, email, name, organisation;
  std::string custody = "self";
};

struct KeyShowVerb {};
struct KeyExportAgeVerb {};

struct EnvCreateVerb {
  std::string name, description;
  std::vector<std::string> with;  // e-mail addresses
  std::string approval = "owners";
  std::string recovery = "operator";
  bool cross_owner_joins = true;
};
struct EnvListVerb {};
struct EnvShowVerb {
  std::string environment;
};
struct EnvVerifyVerb {
  std::string environment;
};
struct EnvAcceptVerb {
  std::string environment;
  std::vector<std::string> confirmed;     // thumbprints or e-mail addresses whose keys were compared out of band
  std::vector<std::string> measurements;  // hex, of enclave programs that he knows from elsewhere than this server
};
struct EnvInviteVerb {
  std::string environment, email;
};
struct EnvRemoveVerb {
  std::string environment, email;
};
struct EnvTerminateVerb {
  std::string environment;
};
struct EnvDiscardVerb {
  std::string environment;
};

// What describes a dataset, however its file came to be.
struct DatasetTerms {
  std::string environment, name, description;
  std::string policy_file, schema_file;
  std::string unit;    // with the name of a preset instead of a policy file
  std::string format;  // empty: from the file's name
  bool resume = false;
};
struct DatasetUploadVerb {
  std::string file;
  DatasetTerms terms;
};
struct DatasetManifestVerb {
  std::string file;
  DatasetTerms terms;
};
struct DatasetListVerb {
  std::string environment;
};
struct DatasetShowVerb {
  std::string dataset;
};
struct DatasetRecipientVerb {
  std::string environment;
};
struct DatasetRemoveVerb {
  std::string dataset;
};

// A policy file is JSON (agreement/policy_file.h); "-" is standard input.
struct PolicyShowVerb {
  std::string dataset;
};
struct PolicyTestVerb {
  std::string file, environment, dataset, name, schema_file;
};
struct PolicyDiffVerb {
  std::string from, to, schema_file;  // `from`: a dataset, or a file
};
struct PolicySetVerb {
  std::string dataset, file, unit;
};
struct PolicyPresetVerb {
  std::string preset, unit, schema_file;  // no preset: the list of them
};
struct PolicySchemaVerb {};

struct CatalogueVerb {
  std::string environment, dataset;  // empty dataset: all
  bool examples = true;
};
struct QueryTryVerb {
  std::string file = "-";
  std::string environment, level = "aggregate_only";
  std::vector<std::string> parameters;
  std::optional<double> epsilon, delta;
  std::string mechanism;
  std::int64_t seed = 1;
  std::int64_t people = 1000;
  bool thresholds = true;
};

struct BudgetVerb {
  std::string environment;
};
struct InboxVerb {
  std::string environment;  // empty: all
};
struct WatchVerb {
  std::string environment;  // empty: all
};
struct ApiVerb {
  std::string method, path, body;    // "-": standard input
  std::vector<std::string> headers;  // "If-Match: \"abc\""
  bool include = false;              // show what stands above the answer's body
};
struct CompletionVerb {
  std::string shell;
};

struct QueryCheckVerb {
  std::string file = "-";
  std::string environment, level = "aggregate_only";
  std::vector<std::string> parameters;  // name=value
  std::optional<double> epsilon, delta;
  std::string mechanism;
};
struct QuerySubmitVerb {
  std::string file = "-";
  std::string environment, name, description, level = "aggregate_only";
  std::vector<std::string> parameters;
  std::optional<double> epsilon, delta;
  std::string mechanism;
  std::vector<std::string> to;  // e-mail addresses; empty: every participant
  bool wait = false;
};
struct QueryListVerb {
  std::string environment;
};
struct QueryShowVerb {
  std::string query;
};
struct QueryReportVerb {
  std::string query;
};
struct QueryApproveVerb {
  std::string query, notes;
};
struct QueryRejectVerb {
  std::string query, reason;
};
struct QueryCancelVerb {
  std::string query;
};
struct QueryWaitVerb {
  std::string query;
};

enum class ResultForm { kTable, kCsv, kJson, kSealed };  // kSealed: the age file as the enclave made it
struct ResultGetVerb {
  std::string query, output;
  std::optional<ResultForm> form;  // absent: by the output's style
};
struct ResultReceiptVerb {
  std::string query;
};
struct ResultVerifyVerb {
  std::string query;
};

struct LedgerShowVerb {
  std::string environment;
};
struct LedgerVerifyVerb {
  std::string environment;
};
struct LedgerProveVerb {
  std::string environment;
  std::uint64_t index = 0;
};

struct WebhookListVerb {};
struct WebhookCreateVerb {
  std::string url;
  std::vector<std::string> events;
  bool hmac = false;
};
struct WebhookShowVerb {
  std::string webhook;
};
struct WebhookEnableVerb {
  std::string webhook;
  bool enabled = true;
};
struct WebhookTestVerb {
  std::string webhook;
};
struct WebhookRollVerb {
  std::string webhook;
  std::int64_t overlap_hours = 24;
};
struct WebhookRemoveVerb {
  std::string webhook;
};
struct WebhookDeliveriesVerb {
  std::string webhook;
};
struct WebhookResendVerb {
  std::string webhook, delivery;
};

using Verb = std::variant<InitVerb, KeyShowVerb, KeyExportAgeVerb, EnvCreateVerb, EnvListVerb, EnvShowVerb,
                          EnvVerifyVerb, EnvAcceptVerb, EnvInviteVerb, EnvRemoveVerb, EnvTerminateVerb,
                          EnvDiscardVerb, DatasetUploadVerb, DatasetManifestVerb, DatasetListVerb,
                          DatasetShowVerb, DatasetRecipientVerb, DatasetRemoveVerb, QueryCheckVerb,
                          QuerySubmitVerb, QueryListVerb, QueryShowVerb, QueryReportVerb, QueryApproveVerb,
                          QueryRejectVerb, QueryCancelVerb, QueryWaitVerb, ResultGetVerb, ResultReceiptVerb,
                          ResultVerifyVerb, LedgerShowVerb, LedgerVerifyVerb, LedgerProveVerb, PolicyShowVerb,
                          PolicyTestVerb, PolicyDiffVerb, PolicySetVerb, PolicyPresetVerb, PolicySchemaVerb,
                          CatalogueVerb, QueryTryVerb, BudgetVerb, InboxVerb, WatchVerb, ApiVerb,
                          CompletionVerb, WebhookListVerb, WebhookCreateVerb, WebhookShowVerb,
                          WebhookEnableVerb, WebhookTestVerb, WebhookRollVerb, WebhookRemoveVerb,
                          WebhookDeliveriesVerb, WebhookResendVerb>;

struct GlobalFlags {
  std::string home;
  std::string ca_file;
  StyleFlags style;
  bool yes = false;
  std::int64_t timeout_ms = 600'000;  // of everything that waits: --wait, wait, loading
};

struct Invocation {
  GlobalFlags global;
  Verb verb = KeyShowVerb{};
};

}  // namespace cloister::cli
