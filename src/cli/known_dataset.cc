#include "cli/known_dataset.h"

#include "cli/lookup.h"
#include "cli/server_json.h"

namespace cloister::cli {
namespace {

Result<EnvironmentId> EnvironmentOf(Session& session, const DatasetId& id) {
  CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(DatasetPath(id)));
  const std::string text = TextAt(MemberAt(answer, "dataset"), "environment");
  if (!text.empty()) return EnvironmentId::Parse(text);
  return Unavailable("the server does not say which environment dataset " + id.str() + " belongs to");
}

}  // namespace

bool KnownDataset::in_force() const {
  const ledger::ManifestRecord* manifest = state.ManifestInForce(record->dataset);
  return manifest != nullptr && manifest->digest == newest().digest;
}

Result<KnownDataset> FindKnownDataset(Session& session, const std::string& text) {
  CLOISTER_ASSIGN(const DatasetId id, FindDataset(session, text));
  CLOISTER_ASSIGN(const EnvironmentId environment_id, EnvironmentOf(session, id));
  CLOISTER_ASSIGN(VerifiedEnvironment environment, VerifyEnvironment(session, environment_id, WhichCharter::kAccepted));
  CLOISTER_ASSIGN(ledger::LedgerState state, ReplayLedger(session, environment));
  KnownDataset known{std::move(environment), std::move(state), nullptr};
  const auto found = known.state.datasets().find(id);
  if (found == known.state.datasets().end()) {
    return FailedPrecondition("the ledger has no manifest of dataset " + id.str() +
                              " yet; its owner signs one with: cloister dataset upload");
  }
  known.record = &found->second;
  CLOISTER_TRY(CheckName("dataset", text, known.newest().manifest.name));
  return known;
}

}  // namespace cloister::cli
