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

// As the ledger has it after what was left in the outbox, which may have been this very revocation.
Result<KnownDataset> FindAfterOutbox(Session& session, const std::string& text) {
  CLOISTER_ASSIGN(KnownDataset known, FindKnownDataset(session, text));
  if (session.keys() == nullptr) return known;
  CLOISTER_TRY(CatchUpLinks(session, known.environment));
  return FindKnownDataset(session, text);
}

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

// One that is gone already was removed by an earlier request whose answer was lost.
Status Delete(Session& session, const DatasetId& id) {
  const Result<codec::Json> answer = session.api().Delete(DatasetPath(id));
  if (answer || answer.error().code == Code::kNotFound) return {};
  return answer.error();
}

Status CheckEnded(Session& session, const KnownDataset& known) {
  CLOISTER_ASSIGN(const VerifiedEnvironment now, AdvanceEnvironment(session, known.environment));
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(session, now));
  const auto found = state.datasets().find(known.record->dataset);
  if (state.terminated() || (found != state.datasets().end() && found->second.versions.back().revoked)) return {};
  return VerificationFailed("the server says that the dataset is removed, and the verified ledger does not");
}

}  // namespace

Result<ExitCode> Run(Context& context, const DatasetRemoveVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const KnownDataset known, FindAfterOutbox(*session, verb.dataset));
  const std::string name = Printable(known.newest().manifest.name);
  if (known.record->owner != session->me()) {
    return Error{Code::kPermissionDenied, "only the owner of " + name + " removes it"};
  }
  CLOISTER_ASSIGN(const bool yes,
                  Confirm(context, "Remove " + name + "? No query reads it any more, and its sealed file is deleted. "
                                   "Answers that were given stay with whom they were given to."));
  if (!yes) return Error{Code::kCancelled, "nothing was removed"};
  const DatasetId& id = known.record->dataset;
  CLOISTER_TRY(Revoke(*session, known));
  CLOISTER_TRY(Delete(*session, id));
  CLOISTER_TRY(CheckEnded(*session, known));
  if (context.out.json()) context.out.Json(codec::JsonObject{{"dataset", id.str()}, {"removed", true}});
  context.out.Say("Removed " + id.str() + ": the verified ledger says that nothing reads it any more.");
  return ExitCode::kOk;
}

}  // namespace cloister::cli
