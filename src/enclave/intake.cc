// Intake: charters and signed links into the ledger.

#include "base/check.h"
#include "enclave/enclave.h"
#include "enclave/release_history.h"
#include "ledger/stored_answer.h"

namespace cloister::enclave {

Result<Written> Enclave::Propose(const agreement::Charter& charter) {
  MutexLock lock(mutex_);
  CLOISTER_TRY(Launched());
  CLOISTER_TRY(journal_->state().CheckProposal(charter));
  CLOISTER_ASSIGN(const auto recipients, identity_->DatasetRecipients(charter));
  std::vector<ledger::EntryBody> entry;
  entry.emplace_back(
      ledger::CharterEntry{.charter = charter, .recipient_commitment = attestation::RecipientCommitment(recipients)});
  return journal_->Append(std::move(entry), journal_->Now());
}

Result<LinkAnswer> Enclave::SubmitLink(std::string_view document) {
  std::optional<LinkAnswer> answer;
  {
    MutexLock lock(mutex_);
    CLOISTER_TRY(Launched());
    CLOISTER_ASSIGN(const agreement::SignedLink link, journal_->state().VerifyLink(document));
    CLOISTER_ASSIGN(answer, Record(link));
    // A running query drops them at its end; nobody waits for that here.
    if (link.As<agreement::Revocation>() == nullptr || running_) return *std::move(answer);
  }
  MutexLock job(job_mutex_);
  DropVoidTables();
  return *std::move(answer);
}

Result<LinkAnswer> Enclave::Record(const agreement::SignedLink& link) {
  const ledger::LedgerState& state = journal_->state();
  const Instant now = journal_->Now();
  CLOISTER_ASSIGN(const ledger::LinkRuling ruling, state.Judge(link, now));
  if (ruling.kind == ledger::LinkRuling::Kind::kAlreadyRecorded) {
    LinkAnswer again{.entry = ruling.entry, .checkpoint = journal_->checkpoint()};
    // A client that never saw the first answer must not take the second one for a yes.
    if (const ledger::RefusalEntry* refusal = state.RefusalOf(link.digest())) again.refused = *refusal;
    return again;
  }
  LinkAnswer answer;
  std::vector<ledger::EntryBody> entries;
  entries.emplace_back(ledger::LinkEntry{.jws = link.compact()});
  if (ruling.kind == ledger::LinkRuling::Kind::kHasNoEffect) {
    answer.refused = ledger::RefusalFor(link, ruling);
    entries.emplace_back(*answer.refused);
  } else if (link.As<agreement::QueryRequest>() != nullptr) {
    CLOISTER_ASSIGN(ledger::ReportEntry report, ReportOn(link, now));
    entries.emplace_back(std::move(report));
  }
  CLOISTER_ASSIGN(Written written, journal_->Append(std::move(entries), now));
  answer.entry = written.first_entry;
  answer.checkpoint = std::move(written.checkpoint);
  return answer;
}

Result<ledger::ReportEntry> Enclave::ReportOn(const agreement::SignedLink& query, Instant now) {
  const auto* request = query.As<agreement::QueryRequest>();
  CLOISTER_CHECK(request != nullptr);
  CLOISTER_ASSIGN(CompileQuestion question, QuestionOf(journal_->state(), *request, query.signer()));
  CLOISTER_TRY(AddPins(journal_->state(), question, parser_));
  CLOISTER_ASSIGN(CompileAnswer answer, AskCompiler(question, parser_));
  if (answer.compiled) {
    answer.charges = ledger::WithoutPaidPrivacy(journal_->state(), answer.compiled->plan_digest,
                                                std::move(answer.charges));
  }
  const agreement::Report report = MakeReport(journal_->state(), query, answer, now);
  CLOISTER_ASSIGN(const agreement::SignedReport signed_report,
                  agreement::SignReport(identity_->document_key(), report));
  return ledger::ReportEntry{.jws = signed_report.compact()};
}

}  // namespace cloister::enclave
