// `ledger`: what the enclave wrote down, read and checked here.

#include "cli/foreign.h"
#include "cli/ledger_reader.h"
#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/verify.h"
#include "codec/text.h"
#include "ledger/entry.h"

namespace cloister::cli {
namespace {

std::string Short(const Digest256& digest) { return codec::HexEncode(digest).substr(0, 12); }

struct EntryWords {
  std::string operator()(const ledger::BootEntry& boot) const {
    return "boot " + std::to_string(boot.boot) + ", environment key " + boot.origin;
  }
  std::string operator()(const ledger::CharterEntry& entry) const {
    return "epoch " + std::to_string(entry.charter.epoch) + ", " + std::to_string(entry.charter.participants.size()) +
           " participants";
  }
  std::string operator()(const ledger::LinkEntry& entry) const {
    const auto peek = agreement::PeekLink(entry.jws);
    const auto digest = crypto::JwsDigest(entry.jws);
    if (!peek || !digest) return "unreadable";
    return peek->typ + " " + Short(*digest) + " by " + peek->signer.substr(0, 12);
  }
  std::string operator()(const ledger::ReportEntry&) const { return "the enclave's report"; }
  std::string operator()(const ledger::RefusalEntry& entry) const {
    std::string words = "link " + Short(entry.document) + " has no effect: " + entry.code;
    for (const std::string& reason : entry.reasons) words += "; " + reason;
    return words;
  }
  std::string operator()(const ledger::ReservationEntry& entry) const {
    return "query " + Short(entry.query) + ", " + std::to_string(entry.approvals.size()) + " approvals, charged";
  }
  std::string operator()(const ledger::ExecutionEntry& entry) const {
    return "query " + Short(entry.query) + " " + std::string(ledger::OutcomeName(entry.outcome)) + ", " + entry.code;
  }
  std::string operator()(const ledger::ReleaseEntry& entry) const {
    return "query " + Short(entry.query) + ", result " + Short(entry.result);
  }
};

codec::JsonArray EncodeFindings(const std::vector<ledger::AuditFinding>& findings) {
  codec::JsonArray json;
  for (const ledger::AuditFinding& finding : findings) {
    json.push_back(codec::JsonObject{
        {"entry", static_cast<std::int64_t>(finding.entry)}, {"check", finding.check}, {"message", finding.message}});
  }
  return json;
}

// The releases of this ledger, each with a receipt that the ledger names; what an auditor looks for first.
Facts AuditFacts(const ledger::LedgerAudit& audit) {
  std::size_t released = 0;
  for (const auto& [digest, query] : audit.state.queries()) released += query.release.has_value() ? 1 : 0;
  return {{"entries", std::to_string(audit.state.size())},
          {"root", codec::HexEncode(audit.state.point().root)},
          {"boots", std::to_string(audit.state.boots().size())},
          {"datasets", std::to_string(audit.state.datasets().size())},
          {"queries", std::to_string(audit.state.queries().size())},
          {"released", std::to_string(released)}};
}

codec::JsonArray EncodeProof(const crypto::MerkleProof& proof) {
  codec::JsonArray hashes;
  for (const Digest256& hash : proof) hashes.emplace_back(codec::HexEncode(hash));
  return hashes;
}

}  // namespace

Result<ExitCode> Run(Context& context, const LedgerShowVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, named, WhichCharter::kNewest));
  CLOISTER_ASSIGN(const auto entries, FetchLedger(*session, environment.view()));
  if (context.out.json()) {
    codec::JsonArray list;
    for (const std::string& text : entries) {
      CLOISTER_ASSIGN(codec::Json entry, codec::ParseJson(text));
      list.push_back(std::move(entry));
    }
    context.out.Json(codec::JsonObject{{"environment", id.str()}, {"entries", std::move(list)}});
    return ExitCode::kOk;
  }
  Table table({{"ENTRY", Align::kRight}, {"TIME"}, {"KIND"}, {"WHAT"}});
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CLOISTER_ASSIGN(const ledger::Entry entry, Foreign("a ledger entry", ledger::DecodeEntry(entries[i])));
    table.Add({std::to_string(i), FormatRfc3339(entry.time), std::string(ledger::EntryKind(entry.body)),
               Printable(std::visit(EntryWords{}, entry.body))});
  }
  context.out.Line(table.Render(context.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const LedgerVerifyVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, named, WhichCharter::kNewest));
  CLOISTER_ASSIGN(const auto entries, FetchLedger(*session, environment.view()));
  const ledger::LedgerAudit audit = AuditFetched(*session, environment.view(), entries);
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"environment", id.str()},
                                       {"verified", audit.findings.empty()},
                                       {"checkpoint", agreement::EncodeLedgerPoint(environment.view().point)},
                                       {"findings", EncodeFindings(audit.findings)}});
  } else {
    context.out.Show(AuditFacts(audit));
    for (const ledger::AuditFinding& finding : audit.findings) {
      context.out.Line(context.out.Mark(false) + "  entry " + std::to_string(finding.entry) + "  " + finding.check +
                       ": " + Printable(finding.message));
    }
    if (audit.findings.empty()) context.out.Line(context.out.Mark(true) + "  every entry, every boot, the checkpoint");
  }
  if (audit.findings.empty()) return ExitCode::kOk;
  return VerificationFailed("the ledger does not hold: " + std::to_string(audit.findings.size()) +
                            " finding(s), the first at "
                            "entry " +
                            std::to_string(audit.findings.front().entry));
}

Result<ExitCode> Run(Context& context, const LedgerProveVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, verb.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, named, WhichCharter::kNewest));
  const ledger::LedgerView& view = environment.view();
  if (verb.index >= view.point.size) {
    return NotFound("the ledger has " + std::to_string(view.point.size) + " entries, the first is 0");
  }
  CLOISTER_ASSIGN(const ledger::ProvenEntry entry, LedgerReader(*session, id).Proven(verb.index, view.point.size));
  const Digest256 leaf = crypto::MerkleLeaf(AsBytes(entry.text));
  CLOISTER_TRY(crypto::VerifyInclusion(leaf, verb.index, view.point.size, entry.proof, view.point.root));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"index", static_cast<std::int64_t>(verb.index)},
                                       {"entry", entry.text},
                                       {"leaf_hash", codec::HexEncode(leaf)},
                                       {"proof", EncodeProof(entry.proof)},
                                       {"checkpoint", view.checkpoint}});
    return ExitCode::kOk;
  }
  CLOISTER_ASSIGN(const ledger::Entry decoded, Foreign("a ledger entry", ledger::DecodeEntry(entry.text)));
  Facts facts = {{"entry", std::to_string(verb.index)},
                 {"time", FormatRfc3339(decoded.time)},
                 {"kind", std::string(ledger::EntryKind(decoded.body))},
                 {"what", Printable(std::visit(EntryWords{}, decoded.body))},
                 {"leaf", codec::HexEncode(leaf)}};
  for (const Digest256& hash : entry.proof) facts.emplace_back("sibling", codec::HexEncode(hash));
  facts.emplace_back("root", codec::HexEncode(view.point.root));
  context.out.Show(facts);
  context.out.Line(context.out.Mark(true) + "  entry " + std::to_string(verb.index) + " is in the ledger of " +
                   std::to_string(view.point.size) + " entries");
  return ExitCode::kOk;
}

}  // namespace cloister::cli
