#include "cli/verify.h"

#include <algorithm>

#include "cli/foreign.h"
#include "cli/ledger_reader.h"
#include "cli/lookup.h"
#include "cli/server_json.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

std::string Hex(const Digest256& digest) { return codec::HexEncode(digest); }

std::string Point(const ledger::LedgerPoint& point) {
  return std::to_string(point.size) + " entries, root " + Hex(point.root).substr(0, 16);
}

struct ShownCharter {
  agreement::Charter charter;
  Digest256 digest{};
};

// One charter of the answer to `charter`: {"charter":{...},"digest":...} or null.
Result<std::optional<ShownCharter>> ReadShownCharter(const codec::Json& json, const EnvironmentId& id) {
  if (!json.is_object()) return std::optional<ShownCharter>();
  CLOISTER_ASSIGN(agreement::Charter charter,
                  Foreign("the charter", agreement::DecodeCharter(MemberAt(json, "charter"))));
  if (charter.environment != id) return VerificationFailed("the server showed the charter of another environment");
  const Digest256 digest = agreement::CharterDigest(charter);
  return std::optional<ShownCharter>(ShownCharter{std::move(charter), digest});
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

std::vector<std::string> MeasurementsOf(const agreement::Charter& charter) {
  std::vector<std::string> texts;
  for (const Digest256& measurement : charter.appraisal_policy.measurements) texts.push_back(Hex(measurement));
  return texts;
}

}  // namespace

// The walk, one step per function; each adds its checks to the outcome.
class EnvironmentVerifier {
 public:
  EnvironmentVerifier(Session& session, const NamedEnvironment& named)
      : session_(session),
        id_(named.id),
        name_(named.name),
        home_(session.context().home.EnvironmentFolder(named.id)),
        ledger_(session, named.id) {}

  Result<VerifyOutcome> Run(WhichCharter which) { return Outcome(Walk(which)); }

  Result<VerifyOutcome> Advance(const VerifiedEnvironment& before) {
    CLOISTER_ASSIGN(const std::string checkpoint, ledger_.Checkpoint());
    const auto same_boot = ledger::VerifyCheckpoint(checkpoint, id_, before.enclave().keys().checkpoint_key);
    shown_ = ShownCharter{before.charter(), before.charter_digest()};
    if (!same_boot) return Outcome(WalkUnder());
    const auto view = FollowLedger(before.enclave());
    if (view) outcome_.environment = VerifiedEnvironment(before.charter(), before.enclave(), *view);
    return Outcome(view ? Status() : view.error());
  }

 private:
  Result<VerifyOutcome> Outcome(const Status& walked) {
    if (!walked && walked.error().code != Code::kVerificationFailed) return walked.error();
    if (!walked) outcome_.error = walked.error();
    return std::move(outcome_);
  }

  Status Walk(WhichCharter which) {
    CLOISTER_TRY(ChooseCharter(which));
    CLOISTER_TRY(CompareName());
    CLOISTER_TRY(WalkUnder());
    if (!name_.empty()) Passed("name", name_, shown_->charter.name);
    return {};
  }

  // The server resolved the name; the charter says whose it is.
  Status CompareName() {
    if (name_.empty() || name_ == shown_->charter.name) return {};
    outcome_.checks.push_back({"name", false, name_, shown_->charter.name, "the server shows another environment"});
    return VerificationFailed("the server says that '" + name_ + "' is " + id_.str() + ", whose charter is named '" +
                              shown_->charter.name + "'");
  }

  // The charter is chosen.
  Status WalkUnder() {
    CLOISTER_ASSIGN(const attestation::EnclaveAnswer answer, AskForEvidence());
    CLOISTER_ASSIGN(attestation::VerifiedEnclave enclave, Appraise(answer));
    CLOISTER_ASSIGN(ledger::LedgerView view, FollowLedger(enclave));
    AddCaveats(enclave);
    outcome_.environment = VerifiedEnvironment(shown_->charter, std::move(enclave), std::move(view));
    return {};
  }

  Status ChooseCharter(WhichCharter which) {
    CLOISTER_ASSIGN(const codec::Json answer, session_.api().Get(EnvironmentPath(id_) + "/charter"));
    CLOISTER_ASSIGN(auto current, ReadShownCharter(MemberAt(answer, "current"), id_));
    CLOISTER_ASSIGN(auto proposed, ReadShownCharter(MemberAt(answer, "proposed"), id_));
    several_ = current && proposed;
    if (which == WhichCharter::kNewest) {
      shown_ = proposed ? std::move(proposed) : std::move(current);
      if (!shown_) return FailedPrecondition("the environment has no charter yet; its enclave is still starting");
      return {};
    }
    CLOISTER_ASSIGN(const std::set<Digest256> accepted, home_.LoadAccepted());
    // With custody `server` the server accepted for the participant; there is nothing of his own to compare with.
    const auto is_mine = [&](const std::optional<ShownCharter>& charter) {
      return charter && (session_.keys() == nullptr || accepted.contains(charter->digest));
    };
    if (is_mine(current)) {
      shown_ = std::move(current);
    } else if (is_mine(proposed)) {
      shown_ = std::move(proposed);
    } else {
      return FailedPrecondition(
          "you have not accepted the charter of this environment; read and sign it with: "
          "cloister env accept " +
          id_.str());
    }
    Passed("charter", "one that you accepted", Hex(shown_->digest));
    return {};
  }

  Result<attestation::EnclaveAnswer> AskForEvidence() {
    session_.context().rng.Fill(nonce_);
    std::string target = EnvironmentPath(id_) + "/attestation?nonce=" + codec::Base64UrlEncode(nonce_);
    // Evidence is about the newest charter unless another is asked for.
    if (several_) target += "&charter=" + Hex(shown_->digest);
    CLOISTER_ASSIGN(codec::Json json, session_.api().Get(target));
    if (json.is_object()) {  // what the server adds for people
      json.get_object().erase("charter_document");
      json.get_object().erase("appraisal");
    }
    return Foreign("the evidence", attestation::DecodeEnclaveAnswer(json));
  }

  Result<attestation::VerifiedEnclave> Appraise(const attestation::EnclaveAnswer& answer) {
    CLOISTER_ASSIGN(const attestation::EnclaveTerms terms,
                    attestation::ReadTerms(agreement::EncodeCharter(shown_->charter)));
    attestation::EnclaveVerdict verdict =
        attestation::AppraiseEnclave(answer, {.terms = terms, .nonce = nonce_, .now = session_.context().clock.Now()});
    if (!verdict.enclave) return Findings(verdict.appraisal);
    const attestation::AttestationResult& result = verdict.enclave->attestation();
    Passed("evidence", Joined(shown_->charter.appraisal_policy.accept),
           std::string(attestation::EvidenceKindName(result.kind())));
    Passed("enclave binary", Joined(MeasurementsOf(shown_->charter)), Hex(result.measurement()));
    Passed("nonce", codec::Base64UrlEncode(nonce_), codec::Base64UrlEncode(nonce_));
    Passed("charter bound", Hex(shown_->digest), Hex(verdict.enclave->charter()));
    CLOISTER_TRY(CompareRecipients(*verdict.enclave));
    Passed("recipients bound", std::to_string(shown_->charter.participants.size()) + " participants",
           std::to_string(verdict.enclave->recipients().size()) + " with proofs");
    return std::move(*verdict.enclave);
  }

  // The evidence proves that these recipients are this enclave's; the acceptance says which ones were agreed to.
  Status CompareRecipients(const attestation::VerifiedEnclave& enclave) {
    CLOISTER_ASSIGN(const std::optional<Digest256> accepted, home_.AcceptedRecipients(shown_->digest));
    if (!accepted || *accepted == enclave.recipient_commitment()) return {};
    outcome_.checks.push_back({"recipients accepted", false, Hex(*accepted), Hex(enclave.recipient_commitment()),
                               "this enclave has other dataset keys than the one whose charter you accepted"});
    return VerificationFailed("the enclave's recipients are not those that you accepted: its key is another one");
  }

  Error Findings(const attestation::Appraisal& appraisal) {
    for (const attestation::Finding& finding : appraisal.findings()) {
      outcome_.checks.push_back({finding.check, false, finding.expected, finding.actual, finding.meaning});
    }
    return VerificationFailed("the enclave's evidence was not accepted: " + appraisal.findings().front().meaning);
  }

  Result<ledger::LedgerView> FollowLedger(const attestation::VerifiedEnclave& enclave) {
    CLOISTER_ASSIGN(const FolderLock lock, home_.LockView());
    CLOISTER_ASSIGN(const std::optional<ledger::LedgerView> before, home_.LoadView());
    Result<ledger::LedgerView> view = before ? Continue(*before, enclave) : Begin(enclave);
    if (view && !IsBootOf(enclave, *view)) {
      view = VerificationFailed("the enclave that answered is not the one that signs the ledger");
    }
    if (!view) {
      if (view.error().code == Code::kVerificationFailed) {
        const std::string expected =
            before ? "continues " + Point(before->point) : "signed by the boot's checkpoint key";
        outcome_.checks.push_back({"ledger", false, expected, view.error().public_message,
                                   "what the server shows is not this environment's ledger"});
      }
      return view;
    }
    Passed("checkpoint", "signed by this boot's checkpoint key", Point(view->point));
    Passed("boot entry", "in the ledger, with the keys of the evidence", "entry " + std::to_string(view->boot_entry));
    if (before) {
      Passed("ledger", "continues " + Point(before->point), Point(view->point));
    } else {
      Passed("ledger", "first look from here", "entry 0 is " + Hex(view->entry_0).substr(0, 16));
    }
    CLOISTER_TRY(home_.SaveView(*view));
    return view;
  }

  // The entry's number is the server's word; the keys are what the evidence is about. Without this, evidence of a
  // second enclave would pass beside the ledger of the first.
  static bool IsBootOf(const attestation::VerifiedEnclave& enclave, const ledger::LedgerView& view) {
    const attestation::BootKeys keys{view.boot.checkpoint_key, view.boot.document_key};
    return view.boot_entry == enclave.boot_entry() && keys == enclave.keys();
  }

  // Before anything is asked about it: sizes and roots of others' making get no further than here.
  Result<ledger::LedgerPoint> PointSignedBy(const attestation::VerifiedEnclave& enclave,
                                            const std::string& checkpoint) {
    CLOISTER_ASSIGN(
        const auto verified,
        Foreign("the checkpoint", ledger::VerifyCheckpoint(checkpoint, id_, enclave.keys().checkpoint_key)));
    return verified.point();
  }

  Result<ledger::LedgerView> Begin(const attestation::VerifiedEnclave& enclave) {
    ledger::LedgerStep step;
    CLOISTER_ASSIGN(step.checkpoint, ledger_.Checkpoint());
    CLOISTER_ASSIGN(const ledger::LedgerPoint newest_point, PointSignedBy(enclave, step.checkpoint));
    CLOISTER_ASSIGN(auto first, ledger_.Proven(0, newest_point.size));
    step.boots.push_back(std::move(first));
    if (enclave.boot_entry() != 0) {
      CLOISTER_ASSIGN(auto newest, ledger_.Proven(enclave.boot_entry(), newest_point.size));
      step.boots.push_back(std::move(newest));
    }
    CLOISTER_TRY(LearnCharters(step));
    return Foreign("the ledger", ledger::BeginView(id_, step, Trust(enclave)));
  }

  Result<ledger::LedgerView> Continue(const ledger::LedgerView& before, const attestation::VerifiedEnclave& enclave) {
    ledger::LedgerStep step;
    CLOISTER_ASSIGN(step.checkpoint, ledger_.Checkpoint());
    CLOISTER_ASSIGN(const ledger::LedgerPoint newest, PointSignedBy(enclave, step.checkpoint));
    if (newest.size < before.point.size) {
      return VerificationFailed("the server shows a ledger of " + std::to_string(newest.size) +
                                " entries, and you verified one of " + std::to_string(before.point.size) +
                                " before: an older state was put back");
    }
    if (newest.size > before.point.size) {
      CLOISTER_ASSIGN(step.consistency, ledger_.Consistency(before.point.size, newest.size));
    }
    if (enclave.boot_entry() != before.boot_entry) {
      CLOISTER_ASSIGN(step.boots, BootsBetween(before.point.size, newest.size));
      CLOISTER_TRY(LearnCharters(step));
    }
    CLOISTER_ASSIGN(ledger::LedgerAdvance advance,
                    Foreign("the ledger", ledger::AdvanceView(before, step, Trust(enclave))));
    if (advance.fork) return ForkFound(*advance.fork);
    return std::move(*advance.view);
  }

  Error ForkFound(const ledger::ForkProof& fork) {
    const auto path = home_.SaveFork(fork, session_.context().clock.Now());
    const std::string where = path ? "the proof is kept in " + path->string() : path.error().public_message;
    return VerificationFailed("FORK: the server shows a ledger that contradicts the one you verified before; " + where +
                              "; tell the other participants, and sign nothing here");
  }

  // Every boot among the entries [from, to), with its proof.
  Result<std::vector<ledger::ProvenEntry>> BootsBetween(std::uint64_t from, std::uint64_t to) {
    std::vector<ledger::ProvenEntry> boots;
    for (std::uint64_t at = from; at < to; at += kEntriesPerRequestMax) {
      CLOISTER_ASSIGN(const auto texts, ledger_.Entries(at, std::min(at + kEntriesPerRequestMax, to)));
      for (std::uint64_t i = 0; i < texts.size(); ++i) {
        CLOISTER_ASSIGN(const ledger::Entry entry, Foreign("a ledger entry", ledger::DecodeEntry(texts[i])));
        if (entry.As<ledger::BootEntry>() == nullptr) continue;
        CLOISTER_ASSIGN(auto proven, ledger_.Proven(at + i, to));
        boots.push_back(std::move(proven));
      }
    }
    return boots;
  }

  // Archived evidence is appraised under the charter that its boot names, which stands in the ledger before or right
  // behind it. Nothing rests on where it was found: it is known by its digest.
  Status LearnCharters(const ledger::LedgerStep& step) {
    charters_.push_back(*shown_);
    for (const ledger::ProvenEntry& boot : step.boots) {
      CLOISTER_ASSIGN(const ledger::Entry entry, Foreign("a ledger entry", ledger::DecodeEntry(boot.text)));
      const auto* body = entry.As<ledger::BootEntry>();
      if (body == nullptr)
        return VerificationFailed("the ledger's entry " + std::to_string(boot.index) + " is no boot");
      if (FindCharter(body->charter) == nullptr) CLOISTER_TRY(SearchCharter(body->charter, boot.index + 2));
    }
    return {};
  }

  Status SearchCharter(const Digest256& digest, std::uint64_t below) {
    for (std::uint64_t at = 0; at < below; at += kEntriesPerRequestMax) {
      CLOISTER_ASSIGN(const auto texts, ledger_.Entries(at, std::min(at + kEntriesPerRequestMax, below)));
      for (const std::string& text : texts) {
        const Result<ledger::Entry> entry = ledger::DecodeEntry(text);
        const auto* charter = entry ? entry->As<ledger::CharterEntry>() : nullptr;
        if (charter == nullptr || agreement::CharterDigest(charter->charter) != digest) continue;
        charters_.push_back({charter->charter, digest});
        return {};
      }
    }
    return VerificationFailed("an enclave started under a charter that the ledger does not have");
  }

  const agreement::Charter* FindCharter(const Digest256& digest) const {
    for (const ShownCharter& each : charters_) {
      if (each.digest == digest) return &each.charter;
    }
    return nullptr;
  }

  // The boot that answered just now is trusted by its keys, if it started under the charter that it was appraised by.
  // Any other by the evidence that it left behind under its own: whoever looks at a charter that he has not accepted
  // must not take that charter's measurements for the ledger's.
  ledger::BootTrust Trust(const attestation::VerifiedEnclave& enclave) {
    return [this, &enclave](const ledger::BootEntry& boot) -> Status {
      const attestation::BootKeys keys{boot.checkpoint_key, boot.document_key};
      if (keys == enclave.keys() && boot.charter == enclave.charter()) return {};
      const agreement::Charter* charter = FindCharter(boot.charter);
      if (charter == nullptr) return VerificationFailed("the ledger's boot is not the enclave that answered");
      CLOISTER_ASSIGN(const auto terms, attestation::ReadTerms(agreement::EncodeCharter(*charter)));
      const codec::Json json = ledger::EncodeEntryJson({.time = {}, .body = boot});
      CLOISTER_ASSIGN(const auto appraisal,
                      attestation::AppraiseBootEntry(json, terms, session_.context().clock.Now()));
      if (appraisal.result() != nullptr) return {};
      return VerificationFailed("the archived evidence of an earlier boot was not accepted: " +
                                appraisal.findings().front().meaning);
    };
  }

  void AddCaveats(const attestation::VerifiedEnclave& enclave) {
    if (const auto fork = home_.KeptFork()) {
      outcome_.caveats.push_back("a proof that two ledgers were shown is kept in " + fork->string() +
                                 "; nothing is signed here");
    }
    if (!enclave.attestation().is_hardware()) {
      outcome_.caveats.emplace_back(
          "simulated evidence: it proves nothing about hardware; whoever runs this server could "
          "have made it");
    }
    if (shown_->charter.recovery == agreement::Recovery::kOperator) {
      outcome_.caveats.emplace_back("recovery by the operator: the operator could read this");
    }
    if (session_.keys() == nullptr) {
      outcome_.caveats.emplace_back("custody server: the server keeps your key and can sign and read as you");
    }
  }

  void Passed(std::string name, std::string expected, std::string actual) {
    outcome_.checks.push_back({std::move(name), true, std::move(expected), std::move(actual), ""});
  }

  Session& session_;
  EnvironmentId id_;
  std::string name_;  // by which it was asked for
  EnvironmentHome home_;
  LedgerReader ledger_;
  std::optional<ShownCharter> shown_;
  bool several_ = true;  // charters; then the evidence must say which one it is about
  attestation::Nonce nonce_{};
  std::vector<ShownCharter> charters_;
  VerifyOutcome outcome_;
};

Result<VerifyOutcome> ExamineEnvironment(Session& session, const NamedEnvironment& named, WhichCharter which) {
  return EnvironmentVerifier(session, named).Run(which);
}

Result<VerifiedEnvironment> AdvanceEnvironment(Session& session, const VerifiedEnvironment& before) {
  CLOISTER_ASSIGN(VerifyOutcome outcome, EnvironmentVerifier(session, before.id()).Advance(before));
  if (outcome.error) return *std::move(outcome.error);
  return std::move(*outcome.environment);
}

Result<VerifiedEnvironment> VerifyEnvironment(Session& session, const NamedEnvironment& named, WhichCharter which) {
  CLOISTER_ASSIGN(VerifyOutcome outcome, ExamineEnvironment(session, named, which));
  if (outcome.error) return *std::move(outcome.error);
  for (const std::string& caveat : outcome.caveats) session.out().Warn(caveat);
  return std::move(*outcome.environment);
}

}  // namespace cloister::cli
