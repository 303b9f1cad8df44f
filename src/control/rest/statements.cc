#include "control/rest/statements.h"

#include "control/rest/problem.h"

namespace cloister::control {

std::optional<RecordedLink> Recorded(const EnvironmentSession& session, const std::string& document) {
  auto found = session.LookWithCheckpoint(
      [&](const ledger::LedgerState& state, const std::optional<std::string>& note) -> std::optional<RecordedLink> {
        const auto link = state.VerifyLink(document);
        const auto entry = link ? state.EntryOfLink(link->digest()) : std::nullopt;
        if (!entry) return std::nullopt;
        RecordedLink recorded{.entry = *entry, .checkpoint = note.value_or(""), .refused = std::nullopt};
        if (const auto* refusal = state.RefusalOf(link->digest())) recorded.refused = ledger::EncodeRefusal(*refusal);
        return recorded;
      });
  return found;
}

Status CheckDocument(const Member& member, const Statement& statement) {
  if (!statement.document) {
    if (member.key.custody == KeyCustody::kServer && statement.make) return {};
    return InvalidArgument("'document' is missing: you keep your own key, so you sign this yourself");
  }
  const auto peeked = agreement::PeekLink(*statement.document);
  if (!peeked) return Error{peeked.error().code, "'document': " + peeked.error().public_message};
  if (peeked->signer != member.key.thumbprint) {
    return Error{Code::kPermissionDenied, "'document' is signed by another key than yours"};
  }
  if (!statement.typ.empty() && peeked->typ != statement.typ) {
    return InvalidArgument("'document' must be a " + std::string(statement.typ));
  }
  if (!statement.means) return {};
  CLOISTER_ASSIGN(const auto link, member.session->Look([&](const ledger::LedgerState& state) {
    return state.VerifyLink(*statement.document);
  }));
  return statement.means(link.body()) ? Status() : InvalidArgument("'document' is about something else");
}

Result<RecordedLink> Submit(const Api& api, const Member& member, const Statement& statement) {
  CLOISTER_TRY(CheckDocument(member, statement));
  if (!statement.document) {
    CLOISTER_ASSIGN(Custodian::Said said,
                    api.custodian.Say(*member.session, member.key,
                                      {.which = statement.which,
                                       .make = statement.make,
                                       .note = member.caller.note,
                                       .only_with_effect = true,
                                       .rejects = statement.rejects}));
    return std::move(said.recorded);
  }
  if (auto before = Recorded(*member.session, *statement.document)) return *std::move(before);
  CLOISTER_ASSIGN(const auto enclave, member.session->AwaitEnclave());
  return enclave->Link(*statement.document);
}

void AddRecorded(codec::JsonObject& answer, const RecordedLink& recorded) {
  answer["entry"] = recorded.entry;
  answer["checkpoint"] = recorded.checkpoint;
  if (recorded.refused) answer["refused"] = *recorded.refused;
}

net::Response AnswerRecorded(int status, codec::JsonObject answer, const RecordedLink& recorded) {
  if (recorded.refused) return AnswerWithoutEffect(recorded, std::move(answer));
  AddRecorded(answer, recorded);
  return JsonResponse(status, std::move(answer));
}

net::Response AnswerWithoutEffect(const RecordedLink& recorded, codec::JsonObject about) {
  AddRecorded(about, recorded);
  return RenderWithoutEffect(std::move(about));
}

}  // namespace cloister::control
