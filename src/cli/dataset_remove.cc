// `dataset remove`: the owner's signed revocation, then the server's files.

#include "cli/known_dataset.h"
#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/sign.h"

namespace cloister::cli {
namespace {

// Signed here; where the server keeps the key it signs when it is asked to remove the dataset.
Status Revoke(Session& session, const KnownDataset& known) {
  if (session.keys() == nullptr || known.newest().revoked) return {};
  const auto recorded =
      SignAndSend(session, known.environment,
                  {.body = agreement::Revocation{.ends = agreement::Revocation::Ends::kManifest,
                                                 .document = known.newest().digest,
                                                 .reason = "removed by " + session.config().email},
                   .target = EnvironmentPath(known.environment.id()) + "/links",
                   .request = {}});
  return recorded ? Status() : recorded.error();
}

Status CheckEnded(Session& session, const KnownDataset& known) {
  CLOISTER_ASSIGN(const VerifiedEnvironment now, AdvanceEnvironment(session, known.environment));
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(session, now));
  if (state.ManifestInForce(known.record->dataset) == nullptr) return {};
  return VerificationFailed("the server says that the dataset is removed, and in the verified ledger it is in force");
}

}  // namespace

Result<ExitCode> Run(Context& context, const DatasetRemoveVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const KnownDataset known, FindKnownDataset(*session, verb.dataset));
  const std::string name = Printable(known.newest().manifest.name);
  if (known.record->owner != session->me()) {
    return Error{Code::kPermissionDenied, "only the owner of " + name + " removes it"};
  }
  CLOISTER_ASSIGN(const bool yes,
                  Confirm(context, "Remove " + name + "? No query reads it any more, and its sealed file is deleted. "
                                   "Answers that were given stay with whom they were given to."));
  if (!yes) return Error{Code::kCancelled, "nothing was removed"};
  CLOISTER_TRY(Revoke(*session, known));
  const DatasetId& id = known.record->dataset;
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Delete(DatasetPath(id)));
  CLOISTER_TRY(CheckEnded(*session, known));
  if (context.out.json()) context.out.Json(answer);
  context.out.Say("Removed " + id.str() + ": the verified ledger says so.");
  return ExitCode::kOk;
}

}  // namespace cloister::cli
