// What an environment's participants agree on: GET .../charter, POST .../participants, DELETE
// .../participants/{email}, POST .../acceptances, GET .../chain, POST .../links.

#include <algorithm>

#include "agreement/charter_diff.h"
#include "codec/text.h"
#include "control/rest/environment_json.h"
#include "control/rest/epochs.h"
#include "control/rest/participant_keys.h"
#include "control/rest/preconditions.h"
#include "control/rest/routes.h"
#include "control/rest/statements.h"

namespace cloister::control {
namespace {

codec::Json EncodeCharterRecord(const ledger::CharterRecord* record) {
  if (record == nullptr) return nullptr;
  codec::JsonArray accepted;
  for (const auto& [thumbprint, digest] : record->acceptances) accepted.emplace_back(thumbprint);
  codec::JsonObject json{{"charter", agreement::EncodeCharter(record->charter)},
                         {"digest", codec::HexEncode(record->digest)},
                         {"entry", record->entry},
                         {"accepted", std::move(accepted)}};
  if (record->in_force_from) json["in_force_from"] = *record->in_force_from;
  return json;
}

// Of the charter in force and the proposed one: what a change builds on, and what it would replace.
std::optional<std::string> CharterTag(const Member& member) {
  return member.session->Look([](const ledger::LedgerState& state) -> std::optional<std::string> {
    if (state.in_force() == nullptr) return std::nullopt;
    std::string both = codec::HexEncode(state.in_force()->digest);
    if (state.proposed() != nullptr) both += '-' + codec::HexEncode(state.proposed()->digest);
    return '"' + both + '"';
  });
}

// Where the request says by If-Match which charter it means, the ETag of both or the digest of the proposed one, it is
// still that.
std::optional<net::Response> CheckIfNamed(const net::Request& request, const Member& member) {
  if (request.Header("if-match") == nullptr) return std::nullopt;
  const auto proposed = StandingProposal(*member.session);
  if (proposed && !CheckIfMatch(request, '"' + codec::HexEncode(proposed->digest) + '"')) return std::nullopt;
  return CheckIfMatch(request, CharterTag(member).value_or(""));
}

Result<net::Response> ShowCharter(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  codec::JsonObject answer;
  member.session->Look([&](const ledger::LedgerState& state) {
    answer["current"] = EncodeCharterRecord(state.in_force());
    answer["proposed"] = EncodeCharterRecord(state.proposed());
  });
  net::Response response = JsonResponse(200, std::move(answer));
  if (const auto tag = CharterTag(member)) response.headers.emplace_back("etag", *tag);
  return response;
}

constexpr std::string_view kProposed = "The next epoch is proposed; it is in force when everybody in it accepted it.";

Result<net::Response> Propose(const Api& api, const Member& member, const agreement::Charter& next,
                              const std::vector<ParticipantKeyRecord>& keys) {
  CLOISTER_ASSIGN(const RecordedLink recorded, ProposeEpoch(api, *member.session, next, keys));
  CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
  codec::JsonObject answer{{"tee", std::move(tee)},
                           {"message", kProposed},
                           {"proposed", {{"charter", agreement::EncodeCharter(next)},
                                         {"digest", codec::HexEncode(agreement::CharterDigest(next))}}}};
  AddRecorded(answer, recorded);
  return JsonResponse(201, std::move(answer));
}

// Where a proposal says what is in force already, the charter that does; absent otherwise.
std::optional<ledger::CharterRecord> InForceAlready(const Member& member, const agreement::Charter& next) {
  return member.session->Look([&](const ledger::LedgerState& state) -> std::optional<ledger::CharterRecord> {
    agreement::Charter same = next;
    if (state.in_force() == nullptr) return std::nullopt;
    same.epoch = state.in_force()->charter.epoch;
    same.previous = state.in_force()->charter.previous;
    if (agreement::CharterDigest(same) != state.in_force()->digest) return std::nullopt;
    return *state.in_force();
  });
}

// A request that comes again after its work was done.
Result<net::Response> AnswerRecordedBefore(const Api& api, const Member& member, const ledger::CharterRecord& record) {
  CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
  codec::JsonObject answer{{"tee", std::move(tee)},
                           {"message", record.in_force_from ? "The epoch is in force." : kProposed},
                           {"proposed", {{"charter", agreement::EncodeCharter(record.charter)},
                                         {"digest", codec::HexEncode(record.digest)}}}};
  const RecordedLink recorded{
      .entry = record.entry, .checkpoint = member.session->Checkpoint().value_or(""), .refused = std::nullopt};
  AddRecorded(answer, recorded);
  return JsonResponse(201, std::move(answer));
}

// The terms that may change without people coming or going; what is not named stays.
Result<net::Response> PutCharter(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_TRY(RequireLiving(member));
  if (const auto enclave = member.session->AwaitEnclave(); !enclave) return enclave.error();
  MutexLock lock(member.session->terms_mutex());
  CLOISTER_ASSIGN(agreement::Charter next, NextEpoch(*member.session));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  next.name = in.OptionalString("name", agreement::kLabelBytesMax).value_or(next.name);
  next.cross_owner_joins = in.OptionalBool("allow_cross_party_joins").value_or(next.cross_owner_joins);
  const codec::Json* rule = in.OptionalAny("approval_rule");
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(CheckLabel("name", next.name, agreement::kLabelBytesMax));
  if (rule != nullptr) {
    CLOISTER_ASSIGN(next.approval_rule, DecodeApprovalRule(*rule));
  }
  auto failed = CheckIfMatch(request, CharterTag(member).value_or(""));
  if (failed && MayHaveChangedIt(request)) {  // a request that comes again may have changed the tag itself
    if (const auto done = InForceAlready(member, next)) return AnswerRecordedBefore(api, member, *done);
    const auto standing = StandingProposal(*member.session);
    if (standing && standing->digest == agreement::CharterDigest(next)) failed.reset();
  }
  if (failed) return *std::move(failed);
  return Propose(api, member, next, {member.key});
}

Result<net::Response> DiffProposed(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  return member.session->Look([](const ledger::LedgerState& state) -> Result<net::Response> {
    const auto* from = state.in_force();
    const auto* to = state.proposed();
    codec::Json from_digest, to_digest;
    codec::JsonArray changes;
    if (from != nullptr) from_digest = codec::HexEncode(from->digest);
    if (to != nullptr) {
      to_digest = codec::HexEncode(to->digest);
      for (const auto& each : agreement::DiffCharter(from != nullptr ? &from->charter : nullptr, to->charter)) {
        changes.emplace_back(each);
      }
    }
    return JsonResponse(
        200, {{"from", std::move(from_digest)}, {"to", std::move(to_digest)}, {"changes", std::move(changes)}});
  });
}

// Nobody of that address is known: he becomes a participant when he comes.
Result<net::Response> Invite(const Api& api, const Member& member, const std::string& email) {
  CLOISTER_TRY(api.store.environments.AddInvitation(member.record.id, email, member.caller.user.id));
  CLOISTER_TRY(api.store.environments.Touch(member.record.id, api.clock.Now()));
  CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
  return JsonResponse(202,
                      {{"tee", std::move(tee)}, {"message", email + " is invited, and comes in when he logs in."}});
}

// The standing proposal, where it brings what a request that comes again under its Idempotency-Key asked for: that this
// person comes, or goes. Its first answer was lost.
std::optional<ledger::CharterRecord> ProposedBefore(const net::Request& request, const Member& member,
                                                    const std::string& email, bool comes) {
  const auto has = [&](const agreement::Charter& charter) {
    return std::ranges::any_of(charter.participants, [&](const auto& each) { return each.email == email; });
  };
  auto standing = StandingProposal(*member.session);
  if (request.note.empty() || !standing || has(standing->charter) != comes) return std::nullopt;
  const bool was = member.session->Look(
      [&](const ledger::LedgerState& state) { return state.in_force() != nullptr && has(state.in_force()->charter); });
  return was != comes ? std::move(standing) : std::nullopt;
}

// Who has an account is proposed at once, and accepts for himself: by coming, or with a document that he signs.
Result<net::Response> AddParticipant(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const std::string text = in.String("email");
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const std::string email, ReadEmail(text));
  CLOISTER_TRY(RequireLiving(member));
  CLOISTER_ASSIGN(const auto user, api.store.users.FindUserByEmail(email));
  if (!user) return Invite(api, member, email);
  CLOISTER_ASSIGN(const ParticipantKeyRecord key, EnsureKey(api, *user));
  if (const auto enclave = member.session->AwaitEnclave(); !enclave) return enclave.error();
  MutexLock lock(member.session->terms_mutex());
  const auto add = [&](agreement::Charter& charter) { return AddTo(charter, MakeParticipant(*user, key)); };
  CLOISTER_ASSIGN(const ChangedEpoch next, ChangeEpoch(*member.session, member.key.thumbprint, add));
  if (!next.is_new) {
    // Cut off before it was removed, an invitation would be all that a later DELETE takes away.
    CLOISTER_TRY(api.store.environments.RemoveInvitation(member.record.id, email));
    if (const auto before = ProposedBefore(request, member, email, true))
      return AnswerRecordedBefore(api, member, *before);
    return Conflict(email + " is a participant already, or proposed to be one");
  }
  auto response = Propose(api, member, next.charter, {member.key});
  if (response) CLOISTER_TRY(api.store.environments.RemoveInvitation(member.record.id, email));
  return response;
}

Result<net::Response> RemoveParticipant(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_TRY(ReadNothing(request));
  CLOISTER_ASSIGN(const std::string email, ReadEmail(request.Param("email")));
  CLOISTER_TRY(RequireLiving(member));
  CLOISTER_ASSIGN(const auto inviter, api.store.environments.Inviter(member.record.id, email));
  if (inviter) {
    MutexLock lock(member.session->terms_mutex());  // whoever comes in meanwhile has come
    CLOISTER_TRY(api.store.environments.RemoveInvitation(member.record.id, email));
    CLOISTER_TRY(api.store.environments.Touch(member.record.id, api.clock.Now()));
    CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
    return JsonResponse(200, {{"tee", std::move(tee)}, {"message", email + " is not invited any more."}});
  }
  if (const auto enclave = member.session->AwaitEnclave(); !enclave) return enclave.error();
  MutexLock lock(member.session->terms_mutex());
  const auto remove = [&](agreement::Charter& charter) {
    return std::erase_if(charter.participants, [&](const auto& each) { return each.email == email; }) > 0;
  };
  CLOISTER_ASSIGN(const ChangedEpoch next, ChangeEpoch(*member.session, member.key.thumbprint, remove));
  if (next.charter.participants.empty()) {
    return FailedPrecondition("an environment has a participant; end it instead (POST .../terminate)");
  }
  if (!next.is_new) {
    if (const auto before = ProposedBefore(request, member, email, false))
      return AnswerRecordedBefore(api, member, *before);
    return NotFound("there is no such participant");
  }
  return Propose(api, member, next.charter, {member.key});
}

// Whether the caller has accepted the newest charter, so that there is nothing left for him to sign.
std::optional<std::uint64_t> AlreadyAccepted(const ledger::LedgerState& state, const std::string& thumbprint) {
  const auto* newest = state.newest_charter();
  if (newest == nullptr) return std::nullopt;
  const auto acceptance = newest->acceptances.find(thumbprint);
  if (acceptance == newest->acceptances.end()) return std::nullopt;
  return state.EntryOfLink(acceptance->second);
}

// Another proposal than he read has taken its place: what he meant to sign is not what he would.
Status CheckNewestIs(const EnvironmentSession& session, const Digest256& read) {
  return session.Look([&](const ledger::LedgerState& state) -> Status {
    const auto* newest = state.newest_charter();
    if (newest != nullptr && newest->digest == read) return {};
    return Conflict("another charter than 'charter_digest' is proposed now; read it again (GET .../charter/diff)");
  });
}

Result<net::Response> Accept(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const auto document = in.OptionalString("document", crypto::kJwsBytesMax);
  std::optional<Digest256> read;
  if (in.Has("charter_digest")) read = in.HexDigest("charter_digest");
  CLOISTER_TRY(in.Finish());
  const bool again = document && Recorded(*member.session, *document);
  if (!again) CLOISTER_TRY(member.session->AwaitEnclave());
  MutexLock lock(member.session->terms_mutex());
  if (auto failed = again ? std::nullopt : CheckIfNamed(request, member)) return *std::move(failed);
  if (read && !again) CLOISTER_TRY(CheckNewestIs(*member.session, *read));
  RecordedLink recorded;
  const auto before = member.session->Look(
      [&](const ledger::LedgerState& state) { return AlreadyAccepted(state, member.key.thumbprint); });
  if (document) {
    CLOISTER_ASSIGN(recorded, Submit(api, member, {.typ = "cloister-acceptance+jws", .document = document}));
  } else if (before) {
    recorded = {.entry = *before, .checkpoint = member.session->Checkpoint().value_or(""), .refused = std::nullopt};
  } else if (member.key.custody == KeyCustody::kServer) {
    CLOISTER_ASSIGN(const Custodian::Said said, api.custodian.Accept(*member.session, member.key));
    recorded = said.recorded;
  } else {
    return InvalidArgument("'document' is missing: you keep your own key, so you sign this yourself");
  }
  CLOISTER_ASSIGN(auto tee, EncodeEnvironment(api, member.record, *member.session));
  return AnswerRecorded(200, {{"tee", std::move(tee)}}, recorded);
}

Result<net::Response> ShowChain(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  const std::string& me = member.key.thumbprint;
  const auto entries = member.session->Look([&](const ledger::LedgerState& state) { return state.LinksOf(me); });
  const auto head = member.session->Look([&](const ledger::LedgerState& state) { return state.ChainOf(me); });
  codec::JsonArray links;
  for (const std::uint64_t position : entries) {
    CLOISTER_ASSIGN(const auto texts, api.store.ledgers.Read(member.record.id, position, 1));
    if (texts.empty()) return Error{Code::kDataLoss, "a ledger entry is missing"};
    CLOISTER_ASSIGN(const ledger::Entry entry, ledger::DecodeEntry(texts.front()));
    if (const auto* link = entry.As<ledger::LinkEntry>()) links.emplace_back(link->jws);
  }
  codec::Json head_json;
  if (head.digest) head_json = {{"seq", head.seq}, {"digest", codec::HexEncode(*head.digest)}};
  return JsonResponse(200, {{"links", std::move(links)}, {"head", std::move(head_json)}});
}

Result<net::Response> PostLink(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const std::string document = in.String("document", crypto::kJwsBytesMax);
  CLOISTER_TRY(in.Finish());
  // Who is proposed alone can say nothing but that he accepts.
  const std::string_view typ = member.standing == Standing::kParticipant ? "" : "cloister-acceptance+jws";
  CLOISTER_ASSIGN(const RecordedLink recorded, Submit(api, member, {.typ = typ, .document = document}));
  codec::JsonObject answer;  // to be recorded was all that was asked for
  AddRecorded(answer, recorded);
  return JsonResponse(200, std::move(answer));
}

}  // namespace

void AddCharterRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/environments/{id}";
  router.Add("GET", base + "/charter", [&api](const net::Request& request) { return ShowCharter(api, request); });
  router.Add("PUT", base + "/charter", [&api](const net::Request& request) { return PutCharter(api, request); });
  router.Add("GET", base + "/charter/diff",
             [&api](const net::Request& request) { return DiffProposed(api, request); });
  router.Add("POST", base + "/participants",
             [&api](const net::Request& request) { return AddParticipant(api, request); });
  router.Add("DELETE", base + "/participants/{email}",
             [&api](const net::Request& request) { return RemoveParticipant(api, request); });
  router.Add("POST", base + "/acceptances", [&api](const net::Request& request) { return Accept(api, request); });
  router.Add("GET", base + "/chain", [&api](const net::Request& request) { return ShowChain(api, request); });
  router.Add("POST", base + "/links", [&api](const net::Request& request) { return PostLink(api, request); });
}

}  // namespace cloister::control
