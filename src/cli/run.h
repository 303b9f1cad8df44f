#pragma once

// One invocation, from its verb to its exit code.

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace cloister::cli {

// One per verb; each family has its own file. A verdict is an exit code, anything that went wrong an Error.
Result<ExitCode> Run(Context& context, const InitVerb& verb);
Result<ExitCode> Run(Context& context, const KeyShowVerb& verb);
Result<ExitCode> Run(Context& context, const KeyExportAgeVerb& verb);
Result<ExitCode> Run(Context& context, const EnvCreateVerb& verb);
Result<ExitCode> Run(Context& context, const EnvListVerb& verb);
Result<ExitCode> Run(Context& context, const EnvShowVerb& verb);
Result<ExitCode> Run(Context& context, const EnvVerifyVerb& verb);
Result<ExitCode> Run(Context& context, const EnvAcceptVerb& verb);
Result<ExitCode> Run(Context& context, const EnvInviteVerb& verb);
Result<ExitCode> Run(Context& context, const EnvRemoveVerb& verb);
Result<ExitCode> Run(Context& context, const EnvTerminateVerb& verb);
Result<ExitCode> Run(Context& context, const EnvDiscardVerb& verb);
Result<ExitCode> Run(Context& context, const DatasetUploadVerb& verb);
Result<ExitCode> Run(Context& context, const DatasetManifestVerb& verb);
Result<ExitCode> Run(Context& context, const DatasetListVerb& verb);
Result<ExitCode> Run(Context& context, const DatasetShowVerb& verb);
Result<ExitCode> Run(Context& context, const DatasetRecipientVerb& verb);
Result<ExitCode> Run(Context& context, const DatasetRemoveVerb& verb);
Result<ExitCode> Run(Context& context, const QueryCheckVerb& verb);
Result<ExitCode> Run(Context& context, const QuerySubmitVerb& verb);
Result<ExitCode> Run(Context& context, const QueryListVerb& verb);
Result<ExitCode> Run(Context& context, const QueryShowVerb& verb);
Result<ExitCode> Run(Context& context, const QueryReportVerb& verb);
Result<ExitCode> Run(Context& context, const QueryApproveVerb& verb);
Result<ExitCode> Run(Context& context, const QueryRejectVerb& verb);
Result<ExitCode> Run(Context& context, const QueryCancelVerb& verb);
Result<ExitCode> Run(Context& context, const QueryWaitVerb& verb);
Result<ExitCode> Run(Context& context, const ResultGetVerb& verb);
Result<ExitCode> Run(Context& context, const ResultReceiptVerb& verb);
Result<ExitCode> Run(Context& context, const ResultVerifyVerb& verb);
Result<ExitCode> Run(Context& context, const LedgerShowVerb& verb);
Result<ExitCode> Run(Context& context, const LedgerVerifyVerb& verb);
Result<ExitCode> Run(Context& context, const LedgerProveVerb& verb);
Result<ExitCode> Run(Context& context, const PolicyShowVerb& verb);
Result<ExitCode> Run(Context& context, const PolicyTestVerb& verb);
Result<ExitCode> Run(Context& context, const PolicyDiffVerb& verb);
Result<ExitCode> Run(Context& context, const PolicySetVerb& verb);
Result<ExitCode> Run(Context& context, const PolicyPresetVerb& verb);
Result<ExitCode> Run(Context& context, const PolicySchemaVerb& verb);
Result<ExitCode> Run(Context& context, const CatalogueVerb& verb);
Result<ExitCode> Run(Context& context, const QueryTryVerb& verb);
Result<ExitCode> Run(Context& context, const BudgetVerb& verb);
Result<ExitCode> Run(Context& context, const InboxVerb& verb);
Result<ExitCode> Run(Context& context, const WatchVerb& verb);
Result<ExitCode> Run(Context& context, const ApiVerb& verb);
Result<ExitCode> Run(Context& context, const CompletionVerb& verb);
Result<ExitCode> Run(Context& context, const WebhookListVerb& verb);
Result<ExitCode> Run(Context& context, const WebhookCreateVerb& verb);
Result<ExitCode> Run(Context& context, const WebhookShowVerb& verb);
Result<ExitCode> Run(Context& context, const WebhookEnableVerb& verb);
Result<ExitCode> Run(Context& context, const WebhookTestVerb& verb);
Result<ExitCode> Run(Context& context, const WebhookRollVerb& verb);
Result<ExitCode> Run(Context& context, const WebhookRemoveVerb& verb);
Result<ExitCode> Run(Context& context, const WebhookDeliveriesVerb& verb);
Result<ExitCode> Run(Context& context, const WebhookResendVerb& verb);

// Runs the verb and says what went wrong, if something did.
ExitCode RunVerb(Context& context, const Verb& verb);

}  // namespace cloister::cli
