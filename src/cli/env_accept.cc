// `env accept`: the enclave is verified, the terms are shown, and the participant signs.

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

#include "agreement/charter_diff.h"
#include "cli/charter_words.h"
#include "cli/durable_file.h"
#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/sign.h"
#include "cli/verify.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

// The charter must name our own key and our own recipient, or results would be sealed to somebody else.
Status CheckOwnPlace(const Session& session, const agreement::Charter& charter) {
  const agreement::Participant* me = charter.Find(session.me());
  if (me == nullptr) return VerificationFailed("the charter does not name your key " + session.me());
  if (session.keys() == nullptr || me->recipient == session.keys()->identity.recipient().Text()) return {};
  return VerificationFailed(
      "the charter names another age recipient for you than the one in your home: results would be "
      "sealed to whoever has that one");
}

// Whose keys the signer takes from the server unseen.
Result<std::vector<agreement::Thumbprint>> Unconfirmed(const Session& session, const agreement::Charter& charter,
                                                       const std::vector<std::string>& confirmed) {
  for (const std::string& name : confirmed) {
    if (charter.Find(name) == nullptr && charter.FindByEmail(name) == nullptr) {
      return InvalidArgument("--confirm " + name + " is no participant of this charter");
    }
  }
  std::vector<agreement::Thumbprint> unseen;
  for (const agreement::Participant& each : charter.participants) {
    const bool seen = each.thumbprint == session.me() || std::ranges::count(confirmed, each.thumbprint) > 0 ||
                      std::ranges::count(confirmed, each.email) > 0;
    if (!seen) unseen.push_back(each.thumbprint);
  }
  return unseen;
}

constexpr std::size_t kPinsBytesMax = 1 << 16;

std::filesystem::path PinFile(Session& session) { return session.context().home.folder() / "measurements"; }

// Programs that this participant knows from elsewhere: named now, or before and remembered, one a line.
Result<std::set<std::string>> KnownMeasurements(Session& session, const std::vector<std::string>& named) {
  std::set<std::string> known(named.begin(), named.end());
  const Result<std::string> file = ReadFile(PinFile(session), kPinsBytesMax);
  if (!file && file.error().code != Code::kNotFound) return file.error();
  std::istringstream lines(file ? *file : "");
  for (std::string line; std::getline(lines, line);) known.insert(line);
  for (const std::string& each : known) {
    if (!codec::HexDecodeDigest(each)) return InvalidArgument("a measurement is 64 lower-case hex digits, not " + each);
  }
  return known;
}

Status RememberMeasurements(Session& session, const std::set<std::string>& known) {
  std::string text;
  for (const std::string& each : known) text += each + "\n";
  return text.empty() ? Status() : WriteDurably(PinFile(session), text, FileAccess::kOwnerOnly);
}

// What the charter trusts and the signer does not know: which programs those are is the server's own proposal.
Result<std::vector<std::string>> UnknownMeasurements(Session& session, const agreement::Charter& charter,
                                                     const std::vector<std::string>& named) {
  CLOISTER_ASSIGN(const std::set<std::string> known, KnownMeasurements(session, named));
  std::set<std::string> proposed;
  for (const Digest256& each : charter.appraisal_policy.measurements) proposed.insert(codec::HexEncode(each));
  for (const std::string& each : named) {
    if (!proposed.contains(each)) {
      return VerificationFailed("the charter does not trust the enclave program " + each + " that you named");
    }
  }
  std::vector<std::string> unknown;
  std::ranges::set_difference(proposed, known, std::back_inserter(unknown));
  if (!named.empty()) CLOISTER_TRY(RememberMeasurements(session, known));
  return unknown;
}

void WarnOfUnconfirmed(Output& out, std::size_t keys, const std::vector<std::string>& programs) {
  for (const std::string& each : programs) {
    out.Warn("UNCONFIRMED: that " + each +
             " is the enclave program to trust is this server's own proposal. Build the program yourself, compare its "
             "SHA-256 and say --measurement. Your acceptance says that you did not");
  }
  if (keys == 0) return;
  out.Warn("the keys of " + std::to_string(keys) +
           " participant(s) come from the server; compare the thumbprints with them yourself, then name them "
           "with --confirm. Your acceptance says which you did not");
}

// The accepted charter in force, to show what the new one changes; null when there is none.
Result<std::optional<agreement::Charter>> AcceptedBefore(Session& session, const EnvironmentId& id) {
  const EnvironmentHome home(session.context().home.EnvironmentFolder(id));
  CLOISTER_ASSIGN(const auto accepted, home.LoadAccepted());
  CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(EnvironmentPath(id) + "/charter"));
  const codec::Json& current = MemberAt(answer, "current");
  if (!current.is_object()) return std::optional<agreement::Charter>();
  CLOISTER_ASSIGN(agreement::Charter charter, agreement::DecodeCharter(MemberAt(current, "charter")));
  if (!accepted.contains(agreement::CharterDigest(charter))) return std::optional<agreement::Charter>();
  return std::optional<agreement::Charter>(std::move(charter));
}

void ShowTerms(Output& out, const agreement::Charter* before, const VerifiedEnvironment& environment,
               const agreement::Thumbprint& me) {
  const agreement::Charter& charter = environment.charter();
  const std::string epoch = std::to_string(charter.epoch);
  out.SayRendered(out.Painted(Paint::kBold, "Charter of " + Printable(charter.name) + ", epoch " + epoch) +
          (before == nullptr ? "" : ": what it changes"));
  for (const std::string& sentence : agreement::DiffCharter(before, charter)) out.Say("  - " + Printable(sentence));
  out.Say("");
  OutputStyle style = out.style();
  style.format = OutputFormat::kHuman;
  out.SayRendered(ParticipantTable(charter, me).Render(style));
}

// Asks, signs, sends.
Status SignCharter(Session& session, const VerifiedEnvironment& environment, const EnvAcceptVerb& verb,
                   const std::vector<std::string>& programs) {
  Context& context = session.context();
  CLOISTER_ASSIGN(auto unseen, Unconfirmed(session, environment.charter(), verb.confirmed));
  const std::size_t keys = unseen.size();
  unseen.insert(unseen.end(), programs.begin(), programs.end());
  std::ranges::sort(unseen);
  CLOISTER_ASSIGN(const auto before, AcceptedBefore(session, environment.id()));
  ShowTerms(context.out, before ? &*before : nullptr, environment, session.me());
  WarnOfUnconfirmed(context.out, keys, programs);
  CLOISTER_ASSIGN(const bool yes, Confirm(context, "Sign this charter?"));
  if (!yes) return Error{Code::kCancelled, "nothing was signed"};
  const auto recorded =
      SignAndSend(session, environment,
                  {.body = agreement::Acceptance{.charter = environment.charter_digest(),
                                                 .recipient_commitment = environment.enclave().recipient_commitment(),
                                                 .entry_0 = environment.view().entry_0,
                                                 .custody = session.config().custody,
                                                 .unconfirmed = std::move(unseen)},
                   .target = EnvironmentPath(environment.id()) + "/acceptances",
                   .request = {}});
  return recorded ? Status() : recorded.error();
}

// Whether there is nothing left to sign: the verified ledger says so.
Result<bool> AcceptedAlready(Session& session, const VerifiedEnvironment& environment) {
  CLOISTER_ASSIGN(const VerifiedEnvironment now, AdvanceEnvironment(session, environment));
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(session, now));
  const ledger::CharterRecord* charter = state.FindCharter(environment.charter_digest());
  return charter != nullptr && charter->acceptances.contains(session.me());
}

// Manifests hold only for the charter that they name. One's own unchanged ones are signed anew under the next charter,
// so that they are in force from the moment it is.
Status RenewManifests(Session& session, const VerifiedEnvironment& accepted) {
  if (session.keys() == nullptr || accepted.charter().epoch == 1) return {};
  CLOISTER_ASSIGN(const VerifyOutcome outcome, ExamineEnvironment(session, accepted.id(), WhichCharter::kNewest));
  if (outcome.error) return *outcome.error;
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(session, *outcome.environment));
  for (const auto& [id, dataset] : state.datasets()) {
    const ledger::ManifestRecord& newest = dataset.versions.back();
    const bool done = newest.manifest.charter == accepted.charter_digest();
    if (dataset.owner != session.me() || newest.revoked || done) continue;
    agreement::Manifest next = newest.manifest;
    ++next.version;
    next.previous_manifest = newest.digest;
    next.charter = accepted.charter_digest();
    const auto recorded =
        SignAndSend(session, *outcome.environment,
                    {.body = std::move(next), .target = EnvironmentPath(accepted.id()) + "/links", .request = {}});
    if (!recorded) return recorded.error();
    session.out().Say("signed the manifest of " + newest.manifest.name + " anew, unchanged, under this charter");
  }
  return {};
}

}  // namespace

Result<ExitCode> Run(Context& context, const EnvAcceptVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, named, WhichCharter::kNewest));
  CLOISTER_TRY(CatchUpLinks(*session, environment));
  CLOISTER_TRY(CheckOwnPlace(*session, environment.charter()));
  CLOISTER_ASSIGN(const auto programs, UnknownMeasurements(*session, environment.charter(), verb.measurements));
  CLOISTER_ASSIGN(const bool accepted_already, AcceptedAlready(*session, environment));
  if (accepted_already) {
    context.out.Say("You have accepted this charter already.");
  } else {
    CLOISTER_TRY(SignCharter(*session, environment, verb, programs));
  }
  CLOISTER_TRY(RenewManifests(*session, environment));
  const std::string digest = codec::HexEncode(environment.charter_digest());
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"environment", id.str()},
                                       {"charter_digest", digest},
                                       {"epoch", environment.charter().epoch},
                                       {"accepted", true},
                                       {"measurement_confirmed", programs.empty()},
                                       {"unconfirmed_measurements",
                                        codec::JsonArray(programs.begin(), programs.end())}});
  } else {
    context.out.Show({{"accepted", digest},
                      {"epoch", std::to_string(environment.charter().epoch)},
                      {"enclave program", programs.empty() ? "confirmed by you" : "UNCONFIRMED"}});
  }
  return ExitCode::kOk;
}

}  // namespace cloister::cli
