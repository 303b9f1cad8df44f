#include "cli/sign.h"

#include "agreement/chain.h"
#include "cli/environment_home.h"
#include "cli/foreign.h"
#include "cli/lookup.h"
#include "cli/server_json.h"
#include "codec/text.h"
#include "net/client/problem.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kRefusalReasonsShownMax = 16;

// One participant's chain in one environment. Lives while the folder's lock is held.
class Outbox {
 public:
  Outbox(Session& session, const EnvironmentId& id, EnvironmentHome home)
      : session_(session), id_(id), home_(std::move(home)) {}

  // Brings home and server to the same last link: resends what is left over, adopts what another copy of the key
  // signed.
  Status CatchUp() {
    CLOISTER_ASSIGN(const std::optional<OutboxItem> left_over, home_.LoadOutbox());
    if (left_over) {
      session_.out().Say("sending link " + std::to_string(left_over->seq) +
                         " again, which an earlier run could not confirm");
      const Result<codec::Json> sent = Send(*left_over);
      // An answer that says no has taken the link out of the outbox; then the new statement may go ahead.
      CLOISTER_ASSIGN(const std::optional<OutboxItem> still, home_.LoadOutbox());
      if (still) return sent.error();
    }
    return AdoptForeignLinks();
  }

  Result<agreement::ChainState> Chain() const { return home_.LoadChain(); }

  Result<codec::Json> StoreAndSend(const agreement::SignedLink& link, const Statement& statement) {
    OutboxItem item{.link = link.compact(),
                    .seq = link.header().seq,
                    .digest = link.digest(),
                    .target = statement.target,
                    .request = statement.request};
    item.request["document"] = link.compact();
    CLOISTER_TRY(home_.SaveOutbox(item));
    return Send(item);
  }

 private:
  // Sends the stored bytes. No answer leaves the outbox as it is; a definite one empties it, one way or the other.
  Result<codec::Json> Send(const OutboxItem& item) {
    CLOISTER_ASSIGN(const net::HttpAnswer answer,
                    session_.api().SendJson(
                        {.method = net::HttpMethod::kPost, .target = item.target, .repeatable = true}, item.request));
    if (answer.ok()) {
      CLOISTER_TRY(Commit(item));
      return net::JsonOf(answer);
    }
    if (answer.status >= 500) return net::ProblemError(answer);
    // The link may stand in the ledger although this request failed: it came twice, or a later step of it was refused.
    CLOISTER_ASSIGN(const auto chain, ServersChain());
    bool recorded = false;
    for (const agreement::SignedLink& link : chain) recorded = recorded || link.digest() == item.digest;
    CLOISTER_TRY(recorded ? Commit(item) : home_.DiscardOutbox(item));
    if (recorded && answer.status == 409) return codec::Json(codec::JsonObject());
    return net::ProblemError(answer);
  }

  Status Commit(const OutboxItem& item) {
    CLOISTER_ASSIGN(const auto link, agreement::VerifyLink(item.link, session_.keys()->signer.public_key(), id_));
    CLOISTER_TRY(RememberAcceptance(link));
    return home_.CommitOutbox(item);
  }

  Status RememberAcceptance(const agreement::SignedLink& link) {
    const auto* acceptance = link.As<agreement::Acceptance>();
    return acceptance == nullptr ? Status() : home_.AddAccepted(acceptance->charter);
  }

  // The caller's links as the server has them: each is his, and they are one chain.
  Result<std::vector<agreement::SignedLink>> ServersChain() {
    CLOISTER_ASSIGN(const codec::Json answer, session_.api().Get(EnvironmentPath(id_) + "/chain"));
    std::vector<agreement::SignedLink> links;
    agreement::ChainState chain;
    for (const codec::Json& text : ArrayAt(answer, "links")) {
      if (!text.is_string()) return VerificationFailed("the server's copy of your chain is no list of links");
      CLOISTER_ASSIGN(agreement::SignedLink link,
                      Foreign("a link of yours", agreement::VerifyLink(std::string_view(text.get_string()),
                                                                       session_.keys()->signer.public_key(), id_)));
      if (agreement::CheckInOrder(link, chain) != agreement::LinkOrder::kNext) {
        return VerificationFailed("the server's copy of your chain is broken at link " + std::to_string(chain.seq + 1));
      }
      chain = agreement::Extended(link);
      links.push_back(std::move(link));
    }
    return links;
  }

  Status AdoptForeignLinks() {
    CLOISTER_ASSIGN(const agreement::ChainState mine, home_.LoadChain());
    CLOISTER_ASSIGN(const auto links, ServersChain());
    if (links.size() < mine.seq) {
      return VerificationFailed("the server has " + std::to_string(links.size()) + " links of yours, and " +
                                std::to_string(mine.seq) + " were recorded: an older state was put back");
    }
    if (mine.seq > 0 && links[mine.seq - 1].digest() != *mine.digest) {
      return VerificationFailed("link " + std::to_string(mine.seq) +
                                " of your chain is another one on the server: your key "
                                "was used elsewhere, or two ledgers are being shown");
    }
    for (std::size_t i = mine.seq; i < links.size(); ++i) {
      session_.out().Warn("link " + std::to_string(i + 1) + " (" + std::string(links[i].typ()) +
                          ") was signed by another copy of your key");
      CLOISTER_TRY(RememberAcceptance(links[i]));
      CLOISTER_TRY(home_.AdoptLink(links[i]));
    }
    return {};
  }

  Session& session_;
  EnvironmentId id_;
  EnvironmentHome home_;
};

// "refused": {"code","reasons"} in an answer: the link stands in the ledger and has no effect.
Status CheckNotRefused(const codec::Json& answer) {
  const codec::Json& refused = MemberAt(answer, "refused");
  if (!refused.is_object()) return {};
  std::string reasons;
  std::size_t shown = 0;
  for (const codec::Json& reason : ArrayAt(refused, "reasons")) {
    if (reason.is_string() && shown++ < kRefusalReasonsShownMax) reasons += "\n  " + std::string(reason.get_string());
  }
  return Error{Code::kRefused, "the enclave recorded your statement, and it has no effect:" + reasons};
}

// That the link really stands where the server says, in the ledger as the enclave signs it now.
Status ConfirmRecorded(Session& session, const EnvironmentId& id, const agreement::SignedLink& link,
                       const codec::Json& answer) {
  const std::int64_t entry = IntegerAt(answer, "entry", -1);
  if (entry < 0) return Unavailable("the server does not say which ledger entry your statement is");
  CLOISTER_ASSIGN(const VerifyOutcome outcome, ExamineEnvironment(session, id, WhichCharter::kAccepted));
  if (outcome.error) return *outcome.error;
  CLOISTER_ASSIGN(const ProvenText proven,
                  FetchProvenEntry(session, outcome.environment->view(), static_cast<std::uint64_t>(entry)));
  CLOISTER_ASSIGN(const ledger::Entry decoded, Foreign("a ledger entry", ledger::DecodeEntry(proven.text)));
  const auto* recorded = decoded.As<ledger::LinkEntry>();
  if (recorded != nullptr && recorded->jws == link.compact()) {
    session.out().Say("recorded as ledger entry " + std::to_string(entry) + ", proof verified");
    return {};
  }
  return VerificationFailed("the server says that your statement is ledger entry " + std::to_string(entry) +
                            ", and that entry is something else");
}

}  // namespace

Result<Recorded> SignAndSend(Session& session, const VerifiedEnvironment& environment, const Statement& statement) {
  if (session.keys() == nullptr) {
    CLOISTER_ASSIGN(codec::Json answer, session.api().Post(statement.target, statement.request));
    CLOISTER_TRY(CheckNotRefused(answer));
    return Recorded{.answer = std::move(answer), .digest = std::nullopt};
  }
  EnvironmentHome home(session.context().home.EnvironmentFolder(environment.id()));
  CLOISTER_ASSIGN(const FolderLock lock, home.Lock());
  Outbox outbox(session, environment.id(), std::move(home));
  CLOISTER_TRY(outbox.CatchUp());
  CLOISTER_ASSIGN(const agreement::ChainState chain, outbox.Chain());
  const agreement::LinkAuthor author(environment.id(), session.keys()->signer, session.context().clock);
  CLOISTER_ASSIGN(const agreement::SignedLink link,
                  author.Sign({.chain = chain, .checkpoint = environment.view().point}, statement.body));
  CLOISTER_ASSIGN(codec::Json answer, outbox.StoreAndSend(link, statement));
  const Status confirmed = ConfirmRecorded(session, environment.id(), link, answer);
  if (!confirmed && confirmed.error().code == Code::kVerificationFailed) return confirmed.error();
  if (!confirmed) session.out().Warn("not confirmed by the ledger yet: " + confirmed.error().public_message);
  CLOISTER_TRY(CheckNotRefused(answer));
  return Recorded{.answer = std::move(answer), .digest = link.digest()};
}

Status CatchUpLinks(Session& session, const VerifiedEnvironment& environment) {
  if (session.keys() == nullptr) return {};
  EnvironmentHome home(session.context().home.EnvironmentFolder(environment.id()));
  CLOISTER_ASSIGN(const FolderLock lock, home.Lock());
  return Outbox(session, environment.id(), std::move(home)).CatchUp();
}

}  // namespace cloister::cli
