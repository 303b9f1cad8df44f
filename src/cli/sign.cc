#include "cli/sign.h"

#include "agreement/chain.h"
#include "base/check.h"
#include "cli/environment_home.h"
#include "cli/replay.h"
#include "cli/server_json.h"
#include "net/client/problem.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kRefusalReasonsShownMax = 16;

// One participant's chain in one environment. Lives while the folder's lock is held.
class Outbox {
 public:
  Outbox(Session& session, VerifiedEnvironment environment, EnvironmentHome home)
      : session_(session), environment_(std::move(environment)), home_(std::move(home)) {}

  // Brings home and ledger to the same last link: resends what is left over, adopts what another copy of the key
  // signed.
  Status CatchUp() {
    CLOISTER_TRY(Follow());
    CLOISTER_ASSIGN(const std::optional<OutboxItem> left_over, home_.LoadOutbox());
    if (!left_over) return {};
    session_.out().Say("sending link " + std::to_string(left_over->seq) +
                       " again, which an earlier run could not confirm");
    const Result<codec::Json> sent = Send(*left_over);
    CLOISTER_TRY(FollowAfter(*left_over));
    return CheckRecorded(*left_over, sent);
  }

  // Signs the next link and brings it into the ledger.
  Result<Recorded> Say(const Statement& statement) {
    CLOISTER_ASSIGN(const agreement::ChainState chain, home_.LoadChain());
    const agreement::LinkAuthor author(environment_.id(), session_.keys()->signer, session_.context().clock);
    CLOISTER_ASSIGN(const agreement::SignedLink link,
                    author.Sign({.chain = chain, .checkpoint = environment_.view().point}, statement.body));
    OutboxItem item{.link = link.compact(),
                    .seq = link.header().seq,
                    .digest = link.digest(),
                    .target = statement.target,
                    .request = statement.request};
    item.request["document"] = link.compact();
    CLOISTER_TRY(home_.SaveOutbox(item));
    Result<codec::Json> sent = Send(item);
    CLOISTER_TRY(FollowAfter(item));
    CLOISTER_TRY(CheckRecorded(item, sent));
    CLOISTER_TRY(CheckHasEffect(item));
    return Recorded{.answer = sent ? *std::move(sent) : codec::Json(), .digest = item.digest};
  }

  Result<std::optional<std::uint64_t>> Discard() {
    CLOISTER_TRY(Follow());
    CLOISTER_ASSIGN(const std::optional<OutboxItem> item, home_.LoadOutbox());
    if (!item) return std::optional<std::uint64_t>();
    CLOISTER_TRY(home_.DiscardOutbox(*item));
    return std::optional(item->seq);
  }

 private:
  // Sends the stored bytes. What comes back is for people: it changes nothing here.
  Result<codec::Json> Send(const OutboxItem& item) {
    CLOISTER_ASSIGN(const net::HttpAnswer answer,
                    session_.api().SendJson(
                        {.method = net::HttpMethod::kPost, .target = item.target, .repeatable = true}, item.request));
    if (!answer.ok()) return net::ProblemError(answer);
    return net::JsonOf(answer);
  }

  // Reads the ledger as it stands now and takes over what it says about this chain.
  Status Follow() {
    CLOISTER_ASSIGN(environment_, AdvanceEnvironment(session_, environment_));
    CLOISTER_ASSIGN(ReplayedLedger replayed, ReadLedger(session_, environment_));
    ledger_.emplace(std::move(replayed));
    std::vector<agreement::SignedLink> links;
    for (const std::uint64_t index : ledger_->state.LinksOf(session_.me())) {
      CLOISTER_ASSIGN(const ledger::Entry entry, ledger::DecodeEntry(ledger_->entries[index]));
      const auto* recorded = entry.As<ledger::LinkEntry>();
      CLOISTER_CHECK(recorded != nullptr);  // the fold took it for one
      CLOISTER_ASSIGN(auto link, agreement::VerifyLink(recorded->jws, session_.keys()->signer.public_key(),
                                                       environment_.id()));
      links.push_back(std::move(link));
    }
    return Reconcile(links);
  }

  // The same with a link on its way.
  Status FollowAfter(const OutboxItem& item) {
    const Status followed = Follow();
    if (followed || followed.error().code == Code::kVerificationFailed) return followed;
    return Error{followed.error().code, followed.error().public_message + Mend(item)};
  }

  std::string Mend(const OutboxItem& item) const {
    return ". Link " + std::to_string(item.seq) +
           " is signed and in no verified ledger: the next command sends the same bytes again; to give it up: cloister "
           "env discard " +
           environment_.id().str();
  }

  Status Reconcile(const std::vector<agreement::SignedLink>& links) {
    CLOISTER_ASSIGN(const agreement::ChainState mine, home_.LoadChain());
    const bool continues = mine.seq == 0 || (mine.seq <= links.size() && links[mine.seq - 1].digest() == *mine.digest);
    if (!continues) {
      return VerificationFailed("link " + std::to_string(mine.seq) +
                                " of your chain was in the ledger and is not any more: two ledgers are being shown, or "
                                "this home is an older copy");
    }
    CLOISTER_TRY(SettleOutbox(links));
    for (std::size_t i = mine.seq; i < links.size(); ++i) CLOISTER_TRY(TakeOver(links[i]));
    return {};
  }

  // The outbox's link leaves it for what the ledger has of its number: itself, or another.
  Status SettleOutbox(const std::vector<agreement::SignedLink>& links) {
    CLOISTER_ASSIGN(const std::optional<OutboxItem> item, home_.LoadOutbox());
    if (!item || item->seq > links.size()) return {};
    const agreement::SignedLink& recorded = links[item->seq - 1];
    if (recorded.digest() == item->digest) {
      CLOISTER_TRY(RememberAcceptance(recorded));
      return home_.CommitOutbox(*item);
    }
    session_.out().Warn("the ledger has another link " + std::to_string(item->seq) +
                        " of yours than the one that waits here; yours is kept beside the links and not sent again");
    return home_.DiscardOutbox(*item);
  }

  Status TakeOver(const agreement::SignedLink& link) {
    CLOISTER_ASSIGN(const agreement::ChainState mine, home_.LoadChain());
    if (link.header().seq <= mine.seq) return {};  // settled just now
    session_.out().Warn("link " + std::to_string(link.header().seq) + " (" + std::string(link.typ()) +
                        ") was signed by another copy of your key");
    CLOISTER_TRY(RememberAcceptance(link));
    return home_.AdoptLink(link);
  }

  Status RememberAcceptance(const agreement::SignedLink& link) {
    const auto* acceptance = link.As<agreement::Acceptance>();
    return acceptance == nullptr ? Status() : home_.AddAccepted(acceptance->charter, acceptance->recipient_commitment);
  }

  Status CheckRecorded(const OutboxItem& item, const Result<codec::Json>& sent) {
    if (const auto entry = ledger_->state.EntryOfLink(item.digest)) {
      session_.out().Say("recorded as ledger entry " + std::to_string(*entry) + ", proof verified");
      return {};
    }
    if (!sent) return Error{sent.error().code, sent.error().public_message + Mend(item)};
    return Unavailable("the server took your statement, and the ledger does not have it" + Mend(item));
  }

  Status CheckHasEffect(const OutboxItem& item) const {
    const ledger::RefusalEntry* refusal = ledger_->state.RefusalOf(item.digest);
    if (refusal == nullptr) return {};
    std::string reasons;
    for (std::size_t i = 0; i < refusal->reasons.size() && i < kRefusalReasonsShownMax; ++i) {
      reasons += "\n  " + refusal->reasons[i];
    }
    return Error{Code::kRefused, "the enclave recorded your statement, and it has no effect:" + reasons};
  }

  Session& session_;
  VerifiedEnvironment environment_;
  EnvironmentHome home_;
  std::optional<ReplayedLedger> ledger_;
};

// Two ledgers were shown: whatever is signed now could be fed to either.
Status CheckNoFork(const EnvironmentHome& home) {
  const auto proof = home.KeptFork();
  if (!proof) return {};
  return VerificationFailed("two ledgers of this environment were shown, and the proof is kept in " + proof->string() +
                            ". Nothing is signed here: show the file to the other participants, and if all of you "
                            "find which ledger holds, move the file away and go on");
}

}  // namespace

Result<Recorded> SignAndSend(Session& session, const VerifiedEnvironment& environment, const Statement& statement) {
  EnvironmentHome home(session.context().home.EnvironmentFolder(environment.id()));
  CLOISTER_TRY(CheckNoFork(home));
  if (session.keys() == nullptr) {
    CLOISTER_ASSIGN(codec::Json answer, session.api().Post(statement.target, statement.request));
    return Recorded{.answer = std::move(answer), .digest = std::nullopt};
  }
  CLOISTER_ASSIGN(const FolderLock lock, home.Lock());
  Outbox outbox(session, environment, std::move(home));
  CLOISTER_TRY(outbox.CatchUp());
  return outbox.Say(statement);
}

Status CatchUpLinks(Session& session, const VerifiedEnvironment& environment) {
  EnvironmentHome home(session.context().home.EnvironmentFolder(environment.id()));
  CLOISTER_TRY(CheckNoFork(home));
  if (session.keys() == nullptr) return {};
  CLOISTER_ASSIGN(const FolderLock lock, home.Lock());
  return Outbox(session, environment, std::move(home)).CatchUp();
}

Result<std::optional<std::uint64_t>> DiscardUnrecorded(Session& session, const VerifiedEnvironment& environment) {
  if (session.keys() == nullptr) return std::optional<std::uint64_t>();
  EnvironmentHome home(session.context().home.EnvironmentFolder(environment.id()));
  CLOISTER_ASSIGN(const FolderLock lock, home.Lock());
  return Outbox(session, environment, std::move(home)).Discard();
}

}  // namespace cloister::cli
