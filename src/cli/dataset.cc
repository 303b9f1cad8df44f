// `dataset list|show|recipient`.

#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/query_words.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/verify.h"

namespace cloister::cli {
namespace {

// A dataset that was asked for by name is the one whose owner signed that name. One without a manifest has only the
// server's word so far.
Status CheckManifestName(Session& session, const std::string& text, const DatasetId& id, const codec::Json& dataset) {
  if (DatasetId::Parse(text)) return {};
  CLOISTER_ASSIGN(const EnvironmentId environment_id, EnvironmentId::Parse(TextAt(dataset, "environment")));
  CLOISTER_ASSIGN(const auto environment, VerifyEnvironment(session, environment_id, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(session, environment));
  const auto found = state.datasets().find(id);
  if (found != state.datasets().end()) {
    return CheckName("dataset", text, found->second.versions.back().manifest.name);
  }
  session.out().Warn("the verified ledger has no manifest of this dataset: its name is the server's word");
  return {};
}

}  // namespace

Result<ExitCode> Run(Context& context, const DatasetListVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const codec::JsonArray datasets, ListObjects(*session, verb.environment, "datasets"));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"datasets", datasets}});
    return ExitCode::kOk;
  }
  Table table({{"DATASET"}, {"NAME"}, {"STATUS"}, {"FORMAT"}, {"OWNER"}});
  for (const codec::Json& dataset : datasets) {
    table.Add({Printable(TextAt(dataset, "id")), Printable(TextAt(dataset, "name")),
               Printable(TextAt(dataset, "status")), Printable(TextAt(dataset, "format")),
               Printable(TextAt(dataset, "owner_email"))});
  }
  if (table.rows() == 0) context.out.Say("No dataset yet. Add one with: cloister dataset upload FILE --env ENV ...");
  if (table.rows() > 0) context.out.Line(table.Render(context.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const DatasetShowVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const DatasetId id, FindDataset(*session, verb.dataset));
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Get(DatasetPath(id)));
  CLOISTER_TRY(CheckManifestName(*session, verb.dataset, id, MemberAt(answer, "dataset")));
  if (context.out.json()) {
    context.out.Json(answer);
    return ExitCode::kOk;
  }
  if (const auto* dataset = MemberAt(answer, "dataset").if_object()) context.out.Line(RenderObject(*dataset));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const DatasetRecipientVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, named, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(const std::string recipient, environment.enclave().RecipientOf(session->me()));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"environment", id.str()}, {"recipient", recipient}});
  } else {
    context.out.Line(recipient);
  }
  return ExitCode::kOk;
}

}  // namespace cloister::cli
